use super::*;
use crate::limits::ServerLimits;
use crate::loopback::shared;
use crate::registry::Registry;
use std::future::pending;

/// The boxes of a server, one of which is that of a run.
fn a_box() -> (Mailboxes, RunId, impl Future<Output = ()>) {
    let (boxes, registry) = (Mailboxes::default(), Registry::default());
    let place = registry.register(RunId::from_random(2), 1).unwrap();
    let (session, link) = Session::new(shared(ServerLimits::default()), place);
    let (token, run) = boxes.begin(session, link);
    (boxes, token, run)
}

fn body(messages: &[ToServer]) -> Bytes {
    messages.iter().map(|message| serde_json::to_string(message).unwrap() + "\n").collect::<String>().into()
}

#[tokio::test]
async fn nothing_is_read_of_a_body_for_no_run() {
    let (boxes, _, _run) = a_box();
    let told = boxes.say(RunId::from_random(3), 0, async { panic!("it is read") }).await;
    assert_eq!(told, Err(MailError::Gone));
}

#[tokio::test(start_paused = true)]
async fn one_body_at_a_time_is_read_for_a_run_and_the_next_waits_until_the_box_is_said_to_be_busy() {
    let (boxes, token, _run) = a_box();
    let slow = boxes.say(token, 0, pending());
    let next = boxes.say(token, 0, async { panic!("it is read") });
    tokio::select! {
        biased;
        _ = slow => panic!("its body never comes"),
        told = next => assert_eq!(told, Err(MailError::Busy)),
    }
    let told = boxes.say(token, 0, async { Err(MailError::Late) }).await;
    assert_eq!(told, Err(MailError::Late), "the one before was given up");
}

#[tokio::test]
async fn a_message_that_is_said_again_is_taken_once() {
    let (boxes, token, run) = a_box();
    let ping = |ms: u64| ToServer::Ping { sent: units::Timestamp::from_nanos(ms * 1_000_000) };
    let client = async {
        boxes.say(token, 0, async { Ok(body(&[ping(1), ping(2)])) }).await.unwrap();
        boxes.say(token, 0, async { Ok(body(&[ping(1), ping(2), ping(3)])) }).await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < 3 {
            let lines = String::from_utf8(boxes.hear(token, 0).await.unwrap()).unwrap();
            heard = lines.lines().map(str::to_owned).collect();
        }
        assert_eq!(heard.len(), 3, "{heard:?}");
        let ahead = boxes.say(token, 7, async { Ok(body(&[ping(4)])) }).await;
        assert_eq!(ahead, Err(MailError::Malformed));
        boxes.say(token, 3, async { Ok(body(&[ToServer::Bye])) }).await.unwrap();
    };
    let ends = async { tokio::join!(run, client) };
    timeout(Duration::from_secs(10), ends).await.expect("it ends");
    assert_eq!(boxes.hear(token, 3).await, Err(MailError::Gone));
}

#[tokio::test]
async fn a_run_that_is_given_up_leaves_no_box() {
    let (boxes, token, run) = a_box();
    drop(run);
    assert_eq!(boxes.hear(token, 0).await, Err(MailError::Gone));
}
