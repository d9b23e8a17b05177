//! Strangers, liars and dawdlers at the server's door: it goes on serving, and keeps nothing of them.

mod attack;
mod crowds;
mod http;
mod runs;
mod shutdown;
mod strangers;
mod victim;
