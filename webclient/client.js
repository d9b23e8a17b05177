"use strict";
// go-backpressure's web client, with what it sends and holds made visible. Talks to `ws` beside this page.

const element = (id) => document.getElementById(id);
const url = new URL("ws", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
element("url").textContent = url.href;

/** A browser draws at most 65,536 random bytes at once; 255 never occurs, as in go-backpressure. */
function randomPayload(size) {
  const payload = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) {
    crypto.getRandomValues(payload.subarray(at, at + 65536));
  }
  return payload.map((byte) => byte % 255);
}

/** One socket: opens, sends its parameters and then as many payloads as asked for. */
class Sender {
  constructor(number, { payload, rate, total, throttle }) {
    Object.assign(this, { number, payload, rate, total, throttle });
    this.sent = 0;
    this.most = 0;
    this.state = "connecting";
    this.began = null;
    this.seconds = null;
    this.timer = null;
    this.socket = new WebSocket(url);
    this.socket.onopen = () => this.open();
    this.socket.onclose = (event) => this.closed(event);
    this.row = element("sockets").insertRow();
    this.cells = Array.from({ length: 7 }, () => this.row.insertCell());
  }

  open() {
    this.state = "open";
    this.began = performance.now();
    this.socket.send(JSON.stringify({ payloadSize: this.payload, requestsTotal: this.total }));
    this.step();
  }

  /** Sends what is due, then waits: for the pace, or until the browser holds no more than one payload. */
  step() {
    this.timer = null;
    if (this.socket.readyState !== WebSocket.OPEN) return;
    let burst = 0;
    while (this.sent < this.total && this.isDue() && !this.mustWait() && burst < 100) {
      this.socket.send(randomPayload(this.payload));
      this.sent += 1;
      burst += 1;
      this.most = Math.max(this.most, this.socket.bufferedAmount);
    }
    if (this.sent >= this.total) {
      this.finish();
    } else {
      const due = this.rate > 0 ? this.began + (this.sent * 1000) / this.rate - performance.now() : 0;
      this.timer = setTimeout(() => this.step(), this.mustWait() ? 10 : Math.max(0, due));
    }
  }

  isDue() {
    return this.rate === 0 || performance.now() >= this.began + (this.sent * 1000) / this.rate;
  }

  mustWait() {
    return this.throttle && this.socket.bufferedAmount > this.payload;
  }

  /** Says goodbye once the browser handed everything on; its close waits for that by itself. */
  finish() {
    this.seconds = (performance.now() - this.began) / 1000;
    this.state = "sent";
    this.socket.close(1000);
  }

  stop() {
    clearTimeout(this.timer);
    this.socket.close(1000);
  }

  closed(event) {
    clearTimeout(this.timer);
    const whole = this.sent >= this.total && event.wasClean;
    this.state = whole ? "done" : `closed (${event.code}${event.reason ? ` ${event.reason}` : ""})`;
    if (!whole && this.began === null) {
      element("error").textContent = `Socket ${this.number} could not be opened.`;
    }
    draw();
  }

  get buffered() {
    return this.socket.readyState === WebSocket.CLOSED ? 0 : this.socket.bufferedAmount;
  }

  get active() {
    return this.socket.readyState !== WebSocket.CLOSED;
  }

  draw() {
    const seconds = this.seconds === null ? "" : this.seconds.toFixed(2);
    const values = [
      this.number, this.state, `${this.sent} of ${this.total}`, this.sent * this.payload, this.buffered, this.most, seconds,
    ];
    values.forEach((value, index) => {
      this.cells[index].textContent = typeof value === "number" ? value.toLocaleString("en") : value;
    });
  }
}

const senders = [];
let drawing = null;

function draw() {
  const sum = (figure) => senders.reduce((all, sender) => all + figure(sender), 0).toLocaleString("en");
  senders.forEach((sender) => sender.draw());
  const active = senders.filter((sender) => sender.active).length;
  element("all-state").textContent = `${active} open`;
  element("all-sent").textContent = sum((sender) => sender.sent);
  element("all-bytes").textContent = sum((sender) => sender.sent * sender.payload);
  element("all-buffered").textContent = sum((sender) => sender.buffered);
  element("all-most").textContent = sum((sender) => sender.most);
  element("stop").disabled = active === 0;
  if (active > 0 && drawing === null) {
    drawing = setInterval(draw, 200);
  } else if (active === 0 && drawing !== null) {
    clearInterval(drawing);
    drawing = null;
  }
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  element("error").textContent = "";
  const number = (id) => Number(element(id).value);
  const throttle = element("throttle").checked;
  senders.push(
    new Sender(senders.length + 1, { payload: number("payload"), rate: number("rate"), total: number("total"), throttle }),
  );
  draw();
});
element("stop").addEventListener("click", () => senders.forEach((sender) => sender.stop()));
