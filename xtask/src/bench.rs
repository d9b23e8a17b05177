//! `cargo xtask bench check`: the baseline of `check`, every byte checked, beside iperf3 in turn.

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::install::{self, IPERF3};
use crate::iperf3;
use crate::workspace::{Outcome, Workspace, say};

/// At least this share of iperf3's rate.
const RATE_BAR: f64 = 0.9;
/// Less than this share of a core for the sampler.
const SAMPLER_BAR: f64 = 0.02;

/// One run of `check`.
#[derive(Debug, Clone, PartialEq)]
struct Figures {
    bytes_per_second: f64,
    sampler_share: f64,
    sampler_interval_us: f64,
    late_p50_us: f64,
    late_p99_us: f64,
}

#[derive(Debug)]
struct Pair {
    iperf3_bytes_per_second: f64,
    check: Figures,
}

pub(crate) fn check(workspace: &Workspace, pairs: u32) -> anyhow::Result<Outcome> {
    install::ensure(workspace, &[IPERF3])?;
    workspace.build()?;
    say(format!("measuring {pairs} pairs, about 5 s each"));
    print("pair   iperf3 GB/s   check GB/s   ratio   sampler: % of a core   late p50 µs   p99 µs");
    let mut measured = Vec::new();
    for number in 1..=pairs {
        let iperf3_bytes_per_second = iperf3::bytes_per_second(workspace)?;
        let pair = Pair { iperf3_bytes_per_second, check: run_check(workspace)? };
        print(&row(&number.to_string(), &pair));
        measured.push(pair);
    }
    let medians = medians(&measured).context("no pair was measured")?;
    print(&row("median", &medians));
    Ok(judge(&medians))
}

fn run_check(workspace: &Workspace) -> anyhow::Result<Figures> {
    let arguments =
        "check --direction upload --buffers auto --baseline 2s --hold 500ms --format json --output none";
    let ended = workspace.command(workspace.binary()).args(arguments.split(' ')).output()?;
    if !ended.status.success() {
        let said = [ended.stdout, ended.stderr].concat();
        bail!("backpressure {arguments} ({})\n{}", ended.status, String::from_utf8_lossy(&said).trim_end());
    }
    figures(&serde_json::from_slice(&ended.stdout).context("check printed no JSON")?)
}

fn figures(verdict: &Value) -> anyhow::Result<Figures> {
    let figure = |name: &str| {
        let found = verdict.pointer(&format!("/directions/upload/{name}")).and_then(Value::as_f64);
        found.with_context(|| format!("check reports no directions.upload.{}", name.replace('/', ".")))
    };
    Ok(Figures {
        bytes_per_second: figure("baseline_bytes_per_second")?,
        sampler_share: figure("sampler/cpu_share")?,
        sampler_interval_us: figure("sampler/interval_us")?,
        late_p50_us: figure("sampler/late_p50_us")?,
        late_p99_us: figure("sampler/late_p99_us")?,
    })
}

/// The median of each figure by itself.
fn medians(pairs: &[Pair]) -> Option<Pair> {
    let of = |figure: fn(&Pair) -> f64| median(pairs.iter().map(figure).collect());
    Some(Pair {
        iperf3_bytes_per_second: of(|pair| pair.iperf3_bytes_per_second)?,
        check: Figures {
            bytes_per_second: of(|pair| pair.check.bytes_per_second)?,
            sampler_share: of(|pair| pair.check.sampler_share)?,
            sampler_interval_us: of(|pair| pair.check.sampler_interval_us)?,
            late_p50_us: of(|pair| pair.check.late_p50_us)?,
            late_p99_us: of(|pair| pair.check.late_p99_us)?,
        },
    })
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let upper = *figures.get(figures.len() / 2)?;
    let lower = *figures.get(figures.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(lower, upper))
}

fn judge(medians: &Pair) -> Outcome {
    let ratio = medians.ratio();
    let share = medians.check.sampler_share;
    let (rate, sampler) = (Outcome::of(ratio >= RATE_BAR), Outcome::of(share < SAMPLER_BAR));
    print(&format!("rate      {ratio:.3} × iperf3, at least {RATE_BAR:.1} wanted: {}", word(rate)));
    print(&format!(
        "sampler   {:.2} % of a core at a sample every {:.0} µs, under {:.0} % wanted: {}",
        100.0 * share,
        medians.check.sampler_interval_us,
        100.0 * SAMPLER_BAR,
        word(sampler)
    ));
    rate.and(sampler)
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.check.bytes_per_second / self.iperf3_bytes_per_second
    }
}

fn row(name: &str, pair: &Pair) -> String {
    let gigabytes = |bytes: f64| bytes / 1e9;
    format!(
        "{name:<6} {:>11.2} {:>12.2} {:>7.3} {:>22.2} {:>13.0} {:>8.0}",
        gigabytes(pair.iperf3_bytes_per_second),
        gigabytes(pair.check.bytes_per_second),
        pair.ratio(),
        100.0 * pair.check.sampler_share,
        pair.check.late_p50_us,
        pair.check.late_p99_us
    )
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Met => "met",
        Outcome::NotMet => "NOT MET",
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what was asked for")]
fn print(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pair(iperf3: f64, check: f64, sampler_share: f64) -> Pair {
        let check = Figures {
            bytes_per_second: check,
            sampler_share,
            sampler_interval_us: 1000.0,
            late_p50_us: 12.0,
            late_p99_us: 80.0,
        };
        Pair { iperf3_bytes_per_second: iperf3, check }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn one_bad_pair_does_not_decide() {
        let medians = medians(&[pair(5.0, 5.0, 0.01), pair(5.0, 1.0, 0.5), pair(5.0, 4.9, 0.01)]).unwrap();
        assert_eq!(judge(&medians), Outcome::Met);
    }

    #[test]
    fn each_bar_holds_by_itself() {
        assert_eq!(judge(&pair(10.0, 9.0, 0.019)), Outcome::Met);
        assert_eq!(judge(&pair(10.0, 8.99, 0.019)), Outcome::NotMet);
        assert_eq!(judge(&pair(10.0, 9.0, 0.02)), Outcome::NotMet);
    }

    #[test]
    fn a_verdict_without_a_figure_is_an_error_that_names_it() {
        let verdict = json!({"directions": {"upload": {"baseline_bytes_per_second": 1.0, "sampler": {}}}});
        let error = figures(&verdict).unwrap_err().to_string();
        assert_eq!(error, "check reports no directions.upload.sampler.cpu_share");
    }

    #[test]
    fn rates_are_shown_in_gigabytes_per_second() {
        let shown = row("1", &pair(5.0e9, 4.5e9, 0.0123));
        assert_eq!(
            shown.split_whitespace().collect::<Vec<_>>(),
            ["1", "5.00", "4.50", "0.900", "1.23", "12", "80"]
        );
    }
}
