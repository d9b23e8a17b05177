//! Runs whose client says or asks for what no client should.

use super::attack::{Run, command_to, lying_frames, mutate, nonce, opening, plan, throw};
use super::victim::Victim;
use crate::workplace::{Workplace, signal};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn mutated_control_lines_behind_a_valid_opening_change_nothing() {
    Victim::start().stays_unharmed_by(|server| {
        let mut random = StdRng::seed_from_u64(3);
        for _ in 0..300 {
            let mut lines: Vec<u8> = Vec::new();
            for message in messages() {
                let mut line = message.to_string().into_bytes();
                if random.random_bool(0.5) {
                    mutate(&mut random, &mut line);
                }
                lines.extend(line);
                lines.push(b'\n');
            }
            throw(server, &[opening(&nonce(&mut random), &json!("control")), lines].concat(), true);
        }
    });
}

/// One of each, as a client says them.
fn messages() -> Vec<Value> {
    let commands =
        ["trickle", "flood", "stall", "resume", "finish", "abort"].map(|word| command_to(1, &json!(word)));
    let others = [
        json!({"ping": {"sent": 1}}),
        json!({"prepare": {"stream": 1, "plan": plan("upload")}}),
        json!({"prepare": {"stream": 2, "plan": plan("download")}}),
        command_to(1, &json!({"limit": {"bytes": 7}})),
        json!("bye"),
    ];
    others.into_iter().chain(commands).collect()
}

#[test]
fn control_lines_beyond_all_measure_change_nothing() {
    let deep = |open: &str| open.repeat(30_000);
    let long = [
        "x".repeat(64 << 20),
        format!("{{\"ping\":{{\"sent\":{}}}}}\n", "9".repeat(60_000)),
        "{\"ping\":{\"sent\":1e999}}\n".to_owned(),
        "{\"ping\":{\"sent\":-1}}\n".to_owned(),
        format!("{}\n", deep("[")),
        format!("{}\n", deep("{\"prepare\":")),
        format!("\"{}\"\n", deep("\\ud800")),
        format!("{{\"prepare\":{{\"stream\":0,{}\n", "\"plan\":{},".repeat(5_000)),
        "\n".repeat(1 << 20),
        "\0".repeat(1 << 20),
    ];
    Victim::start().stays_unharmed_by(|server| {
        let mut random = StdRng::seed_from_u64(4);
        for line in &long {
            let opening = opening(&nonce(&mut random), &json!("control"));
            throw(server, &[&opening, line.as_bytes()].concat(), true);
        }
    });
}

#[test]
fn absurd_plans_are_refused_or_cost_nothing() {
    Victim::start().stays_unharmed_by(|server| {
        let mut random = StdRng::seed_from_u64(5);
        for (field, value) in absurdities() {
            for direction in ["upload", "download"] {
                let mut plan = plan(direction);
                *plan.pointer_mut(field).expect("the plan has the field") = value.clone();
                Run::begin(server, &mut random).play(&plan);
            }
        }
        for _ in 0..20 {
            let mut plan = plan(if random.random() { "upload" } else { "download" });
            for (field, value) in absurdities() {
                if random.random_bool(0.2) {
                    *plan.pointer_mut(field).expect("the plan has the field") = value;
                }
            }
            Run::begin(server, &mut random).play(&plan);
        }
    });
}

/// What no run needs: a field of the plan, and a value for it.
fn absurdities() -> Vec<(&'static str, Value)> {
    let eons = json!("1000000000s");
    vec![
        ("/message", json!(1u64 << 40)),
        ("/message", json!(16 << 20)),
        ("/message", json!(51)),
        ("/message", json!(52)),
        ("/message", json!(0)),
        ("/trickle/messages", json!(u32::MAX)),
        ("/trickle/messages", json!(u64::MAX)),
        ("/trickle/messages", json!(0)),
        ("/trickle/message", json!(1u64 << 40)),
        ("/trickle/message", json!(16 << 20)),
        ("/trickle/spacing", eons.clone()),
        ("/trickle/spacing", json!("0s")),
        ("/sample", json!("0s")),
        ("/sample", json!("1ns")),
        ("/buffers", json!(format!("{}B", 1u64 << 60))),
        ("/buffers", json!(format!("{}B", 1u64 << 53))),
        ("/buffers", json!("4294967296B")),
        ("/buffers", json!("0B")),
        ("/stall_max", eons.clone()),
        ("/stall_max", json!("18446744073709551615s")),
        ("/total_max", eons.clone()),
        ("/total_max", json!("0s")),
        ("/user_timeout", eons),
        ("/user_timeout", json!("1ns")),
        ("/rate", json!(0)),
        ("/rate", json!(1)),
        ("/rate", json!(u64::MAX)),
        ("/bytes_max", json!(0)),
        ("/bytes_max", json!(u64::MAX)),
        ("/seed", json!(u64::MAX)),
        ("/producer_to_consumer", json!(i64::MIN)),
        ("/producer_to_consumer", json!(i64::MAX)),
    ]
}

#[test]
fn a_plan_that_wants_a_sample_in_a_thousand_years_does_not_blind_others() {
    let victim = Victim::start();
    let mut random = StdRng::seed_from_u64(6);
    for sample in ["1000000000s", "18446744073709551615s"] {
        let mut plan = plan("upload");
        plan["sample"] = json!(sample);
        let mut run = Run::begin(victim.address(), &mut random);
        let stream = run.open_stream(&plan);
        victim.serves_a_check();
        drop(stream);
        run.bye();
    }
    victim.serves_a_check();
}

#[test]
fn frames_that_lie_about_length_place_and_order_cost_nothing() {
    Victim::start().stays_unharmed_by(|server| {
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..5 {
            let mut run = Run::begin(server, &mut random);
            let mut stream = run.open_stream(&plan("upload")).expect("the plan is a usual one");
            run.say(&command_to(1, &json!("trickle")));
            let lies = lying_frames(&mut random, 20_000);
            stream.write_all(&lies).expect("the server takes them");
            drop(stream);
            run.bye();
        }
    });
}

#[test]
fn a_client_that_asks_and_never_listens_costs_nothing() {
    Victim::start().stays_unharmed_by(|server| {
        let mut random = StdRng::seed_from_u64(8);
        let pings = "{\"ping\":{\"sent\":1}}\n".repeat(50_000);
        let mut deaf = Vec::new();
        for _ in 0..3 {
            let mut peer = TcpStream::connect(server).expect("the server listens");
            peer.set_write_timeout(Some(Duration::from_millis(300))).expect("300 ms is a timeout");
            peer.write_all(&opening(&nonce(&mut random), &json!("control"))).expect("it is read");
            // The server leaves pings unanswered that nobody hears the answer to, and goes on listening.
            for _ in 0..3 {
                match peer.write_all(pings.as_bytes()) {
                    Ok(()) => {}
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
                }
            }
            deaf.push(peer);
        }
    });
}

#[test]
fn a_check_that_is_killed_in_its_stall_leaves_nothing_on_the_server() {
    let victim = Victim::start();
    victim.serves_a_check();
    let before = victim.settled_descriptors();
    // The server's end goes on by its own deadline, 5 s after that of the check: only control may have gone.
    let options = ["--direction", "upload", "--baseline", "0s", "--deadline", "4s", "--hold", "3s"];
    let place = Workplace::new();
    let check = victim.start_check(&place, &options);
    victim.awaits_a_stalled_stream(before + 2);
    signal(&check, "KILL");
    victim.awaits_descriptors(before, Duration::from_secs(15));
}
