//! A number followed by a unit: the form all sizes and rates share.

/// Why a text is no quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// There is no number at the start.
    #[error("`{0}` does not start with a number")]
    NotANumber(String),
    /// A number other than 0 stands alone.
    #[error("`{text}` needs a unit, such as `{example}`")]
    UnitMissing {
        /// What was given.
        text: String,
        /// What it could have meant.
        example: String,
    },
    /// The unit is not one of ours.
    #[error("`{text}` has an unknown unit `{unit}`; known are {known}")]
    UnitUnknown {
        /// What was given.
        text: String,
        /// The unit in it.
        unit: String,
        /// The units that would have been understood.
        known: String,
    },
    /// The value does not fit 64 bits.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

/// Parses `text` as a decimal number and one of `units`, whose factors it is multiplied with.
///
/// Units are matched without regard to case; 0 may stand alone. The product is rounded to a whole number.
pub(crate) fn parse(text: &str, units: &[(&str, f64)], example_unit: &str) -> Result<u64, QuantityError> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let number: f64 = digits.parse().map_err(|_| QuantityError::NotANumber(text.to_owned()))?;
    let unit = unit.trim();
    let factor = match units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)) {
        Some((_, factor)) => *factor,
        None if unit.is_empty() && number == 0.0 => 1.0,
        None if unit.is_empty() => {
            let example = format!("{digits}{example_unit}");
            return Err(QuantityError::UnitMissing { text: text.to_owned(), example });
        }
        None => {
            let known = units.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            return Err(QuantityError::UnitUnknown { text: text.to_owned(), unit: unit.to_owned(), known });
        }
    };
    let value = nearest(number * factor);
    // Beyond it a float no longer tells neighbouring bytes apart.
    if value > 1 << 53 {
        return Err(QuantityError::TooLarge(text.to_owned()));
    }
    Ok(value)
}

/// `value` in the largest of `units` that leaves at least 1, with at most one decimal.
pub(crate) fn format(value: f64, units: &[(&str, f64)], smallest: &str) -> String {
    let (name, factor) =
        units.iter().rev().copied().find(|(_, factor)| value >= *factor).unwrap_or((smallest, 1.0));
    let scaled = value / factor;
    if (scaled - scaled.round()).abs() < 0.05 {
        format!("{scaled:.0} {name}")
    } else {
        format!("{scaled:.1} {name}")
    }
}

/// The nearest whole number: 0 for what is negative or no number, the greatest for what is beyond it.
pub(crate) fn nearest(value: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let whole = value.round() as u64;
    whole
}
