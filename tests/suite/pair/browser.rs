//! The page at `/client` in a real browser.

use super::{GO_SERVER, PairServer};
use crate::tools::{NODE_MODULES, tool};
use crate::workplace::end_of;
use serde_json::Value;
use std::process::Command;

#[test]
fn the_page_sends_go_backpressures_messages_and_shows_what_it_sent() {
    let server = PairServer::start(&GO_SERVER.replace("delay: 1000", "delay: 10"));
    let seen = visit(&server);
    server.reads(5000, 1000);
    assert_eq!(seen["url"], format!("ws://127.0.0.1:{}/ws", server.port));
    let row = seen["row"].as_array().expect("it shows a row for the socket");
    assert_eq!(row[..4], ["1", "done", "5 of 5", "5,000"], "{seen}");
    assert_eq!(seen["complaints"], Value::Array(Vec::new()), "the browser has nothing to complain of");
}

#[test]
fn the_page_is_no_wider_than_a_phone() {
    let server = PairServer::start(GO_SERVER);
    let seen = visit(&server);
    assert_eq!(seen["width"], 400, "{seen}");
}

/// Loads the page, starts one socket with the page's own figures at ten requests a second, and tells what it shows.
fn visit(server: &PairServer) -> Value {
    let chromium = end_of(Command::new("sh").args(["-c", "command -v chromium"]));
    assert_eq!(chromium.code, 0, "chromium is installed: `cargo xtask test` installs it");
    let page = format!("http://127.0.0.1:{}/client", server.port);
    let mut browser = Command::new("node");
    browser.args(["-e", VISIT, chromium.stdout.trim(), &page]).env("NODE_PATH", tool(NODE_MODULES));
    let seen = end_of(&mut browser);
    assert_eq!(seen.code, 0, "{}", seen.stderr);
    serde_json::from_str(&seen.stdout).expect("it prints JSON")
}

const VISIT: &str = r"
const puppeteer = require('puppeteer-core');
const [executablePath, address] = process.argv.slice(1);

(async () => {
  const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const complaints = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(request.url()));
    await page.setViewport({ width: 400, height: 800 });
    await page.goto(address);
    const url = await page.$eval('#url', (element) => element.textContent);
    await page.$eval('#rate', (element) => { element.value = '10'; });
    await page.click('#form button');
    const settled = () => /done|closed/.test(document.querySelector('#sockets').textContent);
    await page.waitForFunction(settled, { timeout: 15000 });
    const row = await page.$$eval('#sockets td', (cells) => cells.map((cell) => cell.textContent));
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    console.log(JSON.stringify({ url, row, width, complaints }));
  } finally {
    await browser.close();
  }
})();
";
