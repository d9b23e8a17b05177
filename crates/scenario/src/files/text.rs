//! Other people's text within our messages.

/// At most `most` characters of `text`, and all of them printable.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(most).flat_map(printable).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

/// A value as a message names it.
pub(super) fn named(value: &str) -> String {
    if value.is_empty() { "empty".to_owned() } else { shortened(value, 60) }
}

/// The known word that `word` was probably meant to be.
pub(super) fn meant(word: &str, known: &[&'static str]) -> Option<&'static str> {
    // A word twice as long as any key is no mistyped key, and comparing takes time with its length.
    if word.len() > 40 {
        return None;
    }
    let distance = |name: &str| strsim::damerau_levenshtein(word, name);
    let nearest = known.iter().copied().min_by_key(|name| distance(name))?;
    (distance(nearest) <= nearest.len().div_ceil(3)).then_some(nearest)
}

fn printable(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = (!character.is_control()).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_long_text_is_cut() {
        assert_eq!(shortened("a\u{1b}[2J\nb", 100), "a\\u{1b}[2J\\nb");
        assert_eq!(shortened("abcdef", 3), "abc…");
        assert_eq!(shortened("für", 3), "für");
    }

    #[test]
    fn only_a_near_key_is_meant() {
        let known = ["bufsize", "delay", "port", "for"];
        assert_eq!(meant("dealy", &known), Some("delay"));
        assert_eq!(meant("buf_size", &known), Some("bufsize"));
        assert_eq!(meant("colour", &known), None);
        assert_eq!(meant(&"d".repeat(1 << 20), &known), None);
    }
}
