//! Leads both ends of one stream through the phases, and notes when each began and what came of it.

mod baseline;
mod neighbours;
mod resume;
mod slow;
mod stall;
mod steps;
mod trickle;

use crate::company::Company;
use crate::course::{Conducted, Cut, Marks, Outcome};
use crate::decisions::Decisions;
use crate::judge::{Judge, Rules};
use crate::live::{Live, LiveView};
use crate::stage::Stage;
use crate::together::Member;
use scenario::Scenario;
use std::time::Duration;
use tokio::sync::watch;
use trace::{Direction, Event, Phase, Role, Timed};
use units::{Clock, Timestamp};
use wire::{Command, TrickleShape};

/// No progress for this long after the resume, or in the baseline, is a dead path.
const DEAD: Duration = Duration::from_secs(5);

/// Samples that are further apart than this are waited for.
const SELDOM: Duration = Duration::from_millis(10);

/// How long a trickle message that does not come is waited for.
const TRICKLE_PATIENCE: Duration = Duration::from_secs(2);

/// The ends' last words, their samples among them, may take this long.
const LAST_WORDS: Duration = Duration::from_mins(2);

/// A consumer resumes by itself this long after the deadline, if it is told nothing.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Two connections that ended together are both heard of within this time.
const NEWS: Duration = Duration::from_millis(500);

/// How long an end may take to do as it is told, and to tell its last word.
const OBEDIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Conductor<'a> {
    scenario: &'a Scenario,
    direction: Direction,
    trickle: TrickleShape,
    clock: Clock,
    round_trip: Duration,
    judge: Judge,
    /// None once it is over for this one.
    member: Option<Member>,
    /// How long after the others began this one does: not all at the same moment.
    stagger: Duration,
    stage: Stage,
    company: Company,
    marks: Marks,
    outcome: Outcome,
    decisions: Decisions<'a>,
    /// The consumer's progress: when, and how many bytes it had.
    moved: (Timestamp, u64),
    /// When anything was heard of the producer, and of the consumer.
    heard: (Timestamp, Timestamp),
    /// The producer's retransmission timeout when the consumer resumed: a kernel that dropped what it had no room for hears of
    /// it again only then.
    backed_off: Duration,
    /// What the consumer had, read or not, when it resumed.
    queued: u64,
}

/// What a conductor is given beside the stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) direction: Direction,
    pub(crate) trickle: TrickleShape,
    pub(crate) clock: Clock,
    pub(crate) round_trip: Duration,
    pub(crate) run: u32,
    /// None where others are shown.
    pub(crate) live: Option<&'a watch::Sender<Option<Live>>>,
    pub(crate) stagger: Duration,
}

impl<'a> Conductor<'a> {
    pub(crate) fn new(setting: Setting<'a>, stage: Stage, company: Company, member: Member) -> Box<Self> {
        let Setting { scenario, direction, trickle, clock, round_trip, run, live, stagger } = setting;
        let now = clock.now();
        let live = LiveView::new(live, (run, scenario.repeat), direction);
        Box::new(Self {
            scenario,
            direction,
            trickle,
            clock,
            round_trip,
            judge: Judge::new(Rules { hold: scenario.hold.0, round_trip }),
            member: Some(member),
            stagger,
            stage,
            company,
            marks: Marks { connected: now, ..Marks::default() },
            outcome: Outcome::CutShort,
            decisions: Decisions::new(clock, live),
            moved: (now, 0),
            heard: (now, now),
            backed_off: Duration::ZERO,
            queued: 0,
        })
    }

    /// All phases, or as many as the connection lives through.
    ///
    /// In a box, and taken apart when nothing is awaited any more: else the future would have room for it three times over.
    pub(crate) async fn conduct(mut self: Box<Self>) -> Conducted {
        let cut = self.phases().await.err();
        // What is left to do keeps nobody waiting.
        self.member = None;
        let cut = match cut {
            Some(Cut::Lost(role)) => Some(self.lost(role).await),
            cut => cut,
        };
        let cut_at = cut.map(|_| self.clock.now());
        self.gather(cut).await;
        let spacing = self.company.spacing();
        let neighbours = std::mem::take(&mut self.company).finish(self.clock).await;
        let Self { direction, stage, marks, outcome, judge, decisions, .. } = *self;
        let (quiet, decisions) = (judge.quiet(), decisions.into_made());
        Conducted { direction, stage, neighbours, spacing, marks, outcome, cut, cut_at, quiet, decisions }
    }

    async fn phases(&mut self) -> Result<(), Cut> {
        let cold = self.scenario.baseline.0.is_zero();
        if !self.company.is_empty() {
            self.neighbours_alone().await?;
        }
        self.meet().await?;
        if !cold {
            self.trickle().await?;
        }
        self.meet().await?;
        self.baseline().await?;
        self.meet().await?;
        self.stall().await?;
        self.meet().await?;
        self.resume().await?;
        if let Some(share) = self.scenario.slow {
            self.meet().await?;
            self.slow(share).await?;
        }
        // Even forty small messages grow the congestion window, and with it what a cold path absorbs.
        if cold && self.drain().await? {
            self.trickle().await?;
        }
        self.verify().await
    }

    /// Waits until every other connection that is measured at once has come as far, or has ended.
    async fn meet(&mut self) -> Result<(), Cut> {
        // Both ends of the wait keep what they have when the other one wins.
        while let Some(member) = &mut self.member {
            let update = tokio::select! {
                biased;
                () = member.meet() => return Ok(()),
                update = self.stage.next() => update,
            };
            self.take(update)?;
        }
        Ok(())
    }

    /// Everything that was produced arrives.
    async fn verify(&mut self) -> Result<(), Cut> {
        self.decisions.begin(Phase::Verify);
        if self.is_one_of_many() {
            self.stage.keep_no_more();
        }
        self.stage.producer.tell(Command::Finish);
        let deadline = self.clock.now().plus(self.scenario.deadline.0.max(Duration::from_mins(1)));
        while !self.complete() && !self.stage.consumer.closed {
            if self.clock.now() >= deadline {
                self.marks.unfinished = true;
                return Ok(());
            }
            self.step().await?;
            self.require_life()?;
        }
        Ok(())
    }

    /// No progress for this long where there should be some is a dead path.
    fn dead(&self) -> Duration {
        let before = (3 * self.judge.longest_pause()).max(2 * self.backed_off);
        DEAD.max(10 * self.round_trip).max(self.samples(30)).max(before)
    }

    /// Of so many that samples are seldom: those from which no figure is taken are not kept.
    fn is_one_of_many(&self) -> bool {
        self.scenario.connections > 1 && !self.samples(1).is_zero()
    }

    /// The time of so many samples, where they are seldom; what is known from them can be no more recent.
    fn samples(&self, number: u32) -> Duration {
        let interval = self.scenario.sample.0;
        if interval > SELDOM { number * interval } else { Duration::ZERO }
    }

    /// The end told its last word, when it was time for it.
    fn is_done(&self, role: Role) -> bool {
        self.decisions.phase() == Phase::Verify && self.stage.track(role).summary.is_some()
    }

    /// The consumer has the last byte.
    fn complete(&self) -> bool {
        self.stage.consumer.find(is_complete).is_some()
    }

    /// The producer wrote the last byte.
    fn sent_all(&self) -> bool {
        self.stage.producer.find(is_complete).is_some()
    }
}

fn is_complete(timed: &Timed) -> Option<()> {
    matches!(timed.event, Event::Complete { .. }).then_some(())
}
