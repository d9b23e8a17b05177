//! `cargo xtask bench check`: the baseline of `check`, every byte checked, over TCP beside iperf3 and over WebSocket
//! beside TCP, in turn.

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::install::{self, IPERF3};
use crate::iperf3;
use crate::workspace::{Outcome, Workspace, say};

/// At least this share of iperf3's rate.
const RATE_BAR: f64 = 0.9;
/// At least this share of our own rate over TCP.
const WEBSOCKET_BAR: f64 = 0.7;
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
struct Round {
    iperf3_bytes_per_second: f64,
    check: Figures,
    websocket_bytes_per_second: f64,
}

pub(crate) fn check(workspace: &Workspace, rounds: u32) -> anyhow::Result<Outcome> {
    install::ensure(workspace, &[IPERF3])?;
    workspace.build()?;
    say(format!("measuring {rounds} rounds, about 10 s each"));
    print(
        "round  iperf3 GB/s   check GB/s   ratio   websocket   ratio   sampler: % of a core   late p50 µs   p99 µs",
    );
    let mut measured = Vec::new();
    for number in 1..=rounds {
        let iperf3_bytes_per_second = iperf3::bytes_per_second(workspace)?;
        let round = Round {
            iperf3_bytes_per_second,
            check: run_check(workspace, "tcp")?,
            websocket_bytes_per_second: run_check(workspace, "websocket")?.bytes_per_second,
        };
        print(&row(&number.to_string(), &round));
        measured.push(round);
    }
    let medians = medians(&measured).context("no round was measured")?;
    print(&row("median", &medians));
    Ok(judge(&medians))
}

fn run_check(workspace: &Workspace, transport: &str) -> anyhow::Result<Figures> {
    let options = "--direction upload --buffers auto --baseline 2s --hold 500ms --format json --output none";
    let arguments = format!("check --transport {transport} {options}");
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
fn medians(rounds: &[Round]) -> Option<Round> {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    Some(Round {
        iperf3_bytes_per_second: of(|round| round.iperf3_bytes_per_second)?,
        check: Figures {
            bytes_per_second: of(|round| round.check.bytes_per_second)?,
            sampler_share: of(|round| round.check.sampler_share)?,
            sampler_interval_us: of(|round| round.check.sampler_interval_us)?,
            late_p50_us: of(|round| round.check.late_p50_us)?,
            late_p99_us: of(|round| round.check.late_p99_us)?,
        },
        websocket_bytes_per_second: of(|round| round.websocket_bytes_per_second)?,
    })
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let upper = *figures.get(figures.len() / 2)?;
    let lower = *figures.get(figures.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(lower, upper))
}

fn judge(medians: &Round) -> Outcome {
    let ratio = medians.ratio();
    let share = medians.check.sampler_share;
    let (rate, sampler) = (Outcome::of(ratio >= RATE_BAR), Outcome::of(share < SAMPLER_BAR));
    let beside_tcp = medians.websocket_ratio();
    let websocket = Outcome::of(beside_tcp >= WEBSOCKET_BAR);
    print(&format!("rate      {ratio:.3} × iperf3, at least {RATE_BAR:.1} wanted: {}", word(rate)));
    print(&format!(
        "websocket {beside_tcp:.3} × our own TCP, at least {WEBSOCKET_BAR:.1} wanted: {}",
        word(websocket)
    ));
    print(&format!(
        "sampler   {:.2} % of a core at a sample every {:.0} µs, under {:.0} % wanted: {}",
        100.0 * share,
        medians.check.sampler_interval_us,
        100.0 * SAMPLER_BAR,
        word(sampler)
    ));
    rate.and(websocket).and(sampler)
}

impl Round {
    fn ratio(&self) -> f64 {
        self.check.bytes_per_second / self.iperf3_bytes_per_second
    }

    fn websocket_ratio(&self) -> f64 {
        self.websocket_bytes_per_second / self.check.bytes_per_second
    }
}

fn row(name: &str, round: &Round) -> String {
    let gigabytes = |bytes: f64| bytes / 1e9;
    format!(
        "{name:<6} {:>11.2} {:>12.2} {:>7.3} {:>11.2} {:>7.3} {:>22.2} {:>13.0} {:>8.0}",
        gigabytes(round.iperf3_bytes_per_second),
        gigabytes(round.check.bytes_per_second),
        round.ratio(),
        gigabytes(round.websocket_bytes_per_second),
        round.websocket_ratio(),
        100.0 * round.check.sampler_share,
        round.check.late_p50_us,
        round.check.late_p99_us
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

    fn round(iperf3: f64, check: f64, websocket: f64, sampler_share: f64) -> Round {
        let check = Figures {
            bytes_per_second: check,
            sampler_share,
            sampler_interval_us: 1000.0,
            late_p50_us: 12.0,
            late_p99_us: 80.0,
        };
        Round { iperf3_bytes_per_second: iperf3, check, websocket_bytes_per_second: websocket }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn one_bad_round_does_not_decide() {
        let medians =
            medians(&[round(5.0, 5.0, 4.0, 0.01), round(5.0, 1.0, 0.1, 0.5), round(5.0, 4.9, 4.0, 0.01)])
                .unwrap();
        assert_eq!(judge(&medians), Outcome::Met);
    }

    #[test]
    fn each_bar_holds_by_itself() {
        assert_eq!(judge(&round(10.0, 10.0, 7.0, 0.019)), Outcome::Met);
        assert_eq!(judge(&round(10.0, 8.99, 8.0, 0.019)), Outcome::NotMet);
        assert_eq!(judge(&round(10.0, 10.0, 6.99, 0.019)), Outcome::NotMet);
        assert_eq!(judge(&round(10.0, 10.0, 7.0, 0.02)), Outcome::NotMet);
    }

    #[test]
    fn a_verdict_without_a_figure_is_an_error_that_names_it() {
        let verdict = json!({"directions": {"upload": {"baseline_bytes_per_second": 1.0, "sampler": {}}}});
        let error = figures(&verdict).unwrap_err().to_string();
        assert_eq!(error, "check reports no directions.upload.sampler.cpu_share");
    }

    #[test]
    fn rates_are_shown_in_gigabytes_per_second() {
        let shown = row("1", &round(5.0e9, 4.5e9, 3.6e9, 0.0123));
        assert_eq!(
            shown.split_whitespace().collect::<Vec<_>>(),
            ["1", "5.00", "4.50", "0.900", "3.60", "0.800", "1.23", "12", "80"]
        );
    }
}
