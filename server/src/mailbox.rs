//! Control messages of runs whose clients speak in requests: each run has a box, found by an unguessable token.

use crate::control::{LONGEST_LINE, SILENCE};
use crate::session::{Session, SessionLink};
use axum::body::Bytes;
use rand::random;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex as Turn, mpsc};
use tokio::time::{Instant, sleep_until, timeout};
use wire::{FromServer, RunId, ToServer};

/// How long a client's question for news waits when there is none: less than proxies wait.
pub(crate) const POLL: Duration = Duration::from_secs(10);

/// How long a message waits for a session that is busy.
const BUSY: Duration = Duration::from_secs(5);

/// News is answered with at most about this much at once; one message may be longer.
const BATCH: usize = 256 << 10;

/// Why a request about control messages is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailError {
    /// There is no such run, or none any more.
    Gone,
    /// The body is none of ours.
    Malformed,
    /// The body is longer than any of ours.
    TooLong,
    /// The body did not come in time.
    Late,
    /// The session takes nothing at present.
    Busy,
}

/// The boxes of a server. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mailboxes {
    boxes: Arc<Mutex<HashMap<RunId, Arc<Mailbox>>>>,
}

#[derive(Debug)]
struct Mailbox {
    said: Turn<Said>,
    news: Turn<News>,
    asked: Mutex<Instant>,
}

/// What came from the client.
#[derive(Debug)]
struct Said {
    say: mpsc::Sender<ToServer>,
    /// The number of the next message.
    next: u64,
}

/// What goes to the client.
#[derive(Debug)]
struct News {
    hear: mpsc::Receiver<FromServer>,
    /// Messages that were sent and not acknowledged, the first of which has this number.
    kept: VecDeque<Vec<u8>>,
    first: u64,
}

impl Mailboxes {
    /// A box for a session; the future runs that until it is over, and until its client is silent for long.
    pub(crate) fn begin(
        &self,
        session: Session,
        link: SessionLink,
    ) -> (RunId, impl Future<Output = ()> + Send + 'static + use<>) {
        let token = RunId::from_random(random());
        let mailbox = Arc::new(Mailbox {
            said: Turn::new(Said { say: link.say, next: 0 }),
            news: Turn::new(News { hear: link.hear, kept: VecDeque::new(), first: 0 }),
            asked: Mutex::new(Instant::now()),
        });
        self.lock().insert(token, Arc::clone(&mailbox));
        let kept = Kept { boxes: self.clone(), token };
        let run = async move {
            let session = session.run();
            tokio::pin!(session);
            tokio::select! {
                () = &mut session => drop(kept),
                () = silence(mailbox) => {
                    drop(kept);
                    // Its client is gone, as far as the session can tell.
                    session.await;
                }
            }
        };
        (token, run)
    }

    /// Takes the messages of `body`, the first of which has this number; those that came before are not taken again. Nothing is
    /// read of a body for no run, nor of a second one for the same.
    pub(crate) async fn say(
        &self,
        token: RunId,
        first: u64,
        body: impl Future<Output = Result<Bytes, MailError>>,
    ) -> Result<(), MailError> {
        let mailbox = self.find(token)?;
        let mut said = timeout(BUSY, mailbox.said.lock()).await.map_err(|_| MailError::Busy)?;
        let body = body.await?;
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for (number, line) in (first..).zip(lines) {
            if line.len() > LONGEST_LINE || number > said.next {
                return Err(MailError::Malformed);
            }
            if number < said.next {
                continue;
            }
            let message = serde_json::from_slice(line).map_err(|_| MailError::Malformed)?;
            match timeout(BUSY, said.say.send(message)).await {
                Ok(Ok(())) => said.next += 1,
                Ok(Err(_)) => return Err(MailError::Gone),
                Err(_) => return Err(MailError::Busy),
            }
        }
        Ok(())
    }

    /// The messages after the first `received`, as lines; none where nothing comes for a while.
    pub(crate) async fn hear(&self, token: RunId, received: u64) -> Result<Vec<u8>, MailError> {
        let mailbox = self.find(token)?;
        let Ok(mut news) = timeout(POLL, mailbox.news.lock()).await else { return Ok(Vec::new()) };
        news.forget(received);
        if news.kept.is_empty() {
            match timeout(POLL, news.hear.recv()).await {
                Ok(Some(message)) => news.keep(&message)?,
                Ok(None) => return Err(MailError::Gone),
                Err(_) => {}
            }
            while news.size() < BATCH
                && let Ok(message) = news.hear.try_recv()
            {
                news.keep(&message)?;
            }
        }
        Ok(news.kept.iter().flatten().copied().collect())
    }

    fn find(&self, token: RunId) -> Result<Arc<Mailbox>, MailError> {
        let mailbox = self.lock().get(&token).cloned().ok_or(MailError::Gone)?;
        *mailbox.asked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(mailbox)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Mailbox>>> {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A box that is there for as long as this is, however its run ends.
struct Kept {
    boxes: Mailboxes,
    token: RunId,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.boxes.lock().remove(&self.token);
    }
}

impl News {
    fn forget(&mut self, received: u64) {
        while self.first < received && self.kept.pop_front().is_some() {
            self.first += 1;
        }
    }

    fn keep(&mut self, message: &FromServer) -> Result<(), MailError> {
        let mut line = serde_json::to_vec(message).map_err(|_| MailError::Malformed)?;
        line.push(b'\n');
        self.kept.push_back(line);
        Ok(())
    }

    fn size(&self) -> usize {
        self.kept.iter().map(Vec::len).sum()
    }
}

/// Ends when the client has asked for nothing for long.
async fn silence(mailbox: Arc<Mailbox>) {
    loop {
        let asked = *mailbox.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.elapsed() >= SILENCE {
            return;
        }
        sleep_until(asked + SILENCE).await;
    }
}

#[cfg(test)]
mod tests;
