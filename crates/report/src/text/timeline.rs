//! Samples over time, in as many columns as there is room for.

use trace::Sample;

/// A stretch of time cut into equal columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeline {
    start: u64,
    length: u64,
    columns: u16,
}

impl Timeline {
    /// From the first to the last of `samples`; `None` where no time passes.
    pub(super) fn of<'a>(samples: impl Iterator<Item = &'a Sample> + Clone, columns: u16) -> Option<Self> {
        let times = samples.map(|sample| sample.at.as_nanos());
        let start = times.clone().min()?;
        let length = times.max()?.saturating_sub(start);
        (length > 0 && columns > 0).then_some(Self { start, length, columns })
    }

    /// Nanoseconds from its start to its end.
    pub(super) fn length(self) -> u64 {
        self.length
    }

    /// How many columns it is cut into.
    pub(super) fn columns(self) -> usize {
        usize::from(self.columns)
    }

    /// The column that the time falls into, those before and after the stretch into the outermost.
    pub(super) fn column(self, time: u64) -> usize {
        let passed = u128::from(time.saturating_sub(self.start).min(self.length));
        let column = passed * u128::from(self.columns) / (u128::from(self.length) + 1);
        usize::try_from(column).unwrap_or(0)
    }

    /// The mean of a figure in each column. One without a sample has the value of the one before.
    pub(super) fn means(self, figures: impl Iterator<Item = (u64, f64)>) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0, 0u32); self.columns()];
        for (time, figure) in figures {
            if let Some((sum, number)) = sums.get_mut(self.column(time)) {
                *sum += figure;
                *number = number.saturating_add(1);
            }
        }
        let mut before = None;
        let mut mean = |(sum, number): (f64, u32)| {
            before = if number > 0 { Some(sum / f64::from(number)) } else { before };
            before
        };
        sums.into_iter().map(&mut mean).collect()
    }

    /// The growth per second of a counter in each column, drawn straight between its readings.
    pub(super) fn rates(self, mut readings: Vec<(u64, u64)>) -> Vec<Option<f64>> {
        readings.sort_unstable();
        let edges: Vec<Option<f64>> =
            (0..=self.columns).map(|column| value_at(&readings, self.edge(column))).collect();
        let seconds = float(self.length) / 1e9 / f64::from(self.columns);
        let rate = |pair: &[Option<f64>]| match pair {
            [Some(before), Some(after)] => Some((after - before).max(0.0) / seconds),
            _ => None,
        };
        edges.windows(2).map(rate).collect()
    }

    fn edge(self, column: u16) -> u64 {
        let passed = u128::from(self.length) * u128::from(column) / u128::from(self.columns);
        self.start.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }
}

/// The counter at `time`, between the readings around it; `None` outside of them.
fn value_at(readings: &[(u64, u64)], time: u64) -> Option<f64> {
    let after = readings.partition_point(|(at, _)| *at < time);
    let (next, value) = *readings.get(after)?;
    if next == time {
        return Some(float(value));
    }
    let (previous, from) = *readings.get(after.checked_sub(1)?)?;
    let share = float(time - previous) / float(next - previous);
    Some(float(from) + (float(value) - float(from)) * share)
}

fn float(whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "drawn in eight steps")]
    let float = whole as f64;
    float
}
