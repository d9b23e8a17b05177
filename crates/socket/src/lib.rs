//! What the kernel knows and allows about a TCP socket: `TCP_INFO`, queue lengths, buffers, resets.
//!
//! The only crate with unsafe code: one operation a block, its argument above it, a safe function around it.
#![expect(
    unsafe_code,
    reason = "getsockopt(TCP_INFO) and the queue ioctls have no safe binding that gives all they return"
)]

mod cpu;
mod options;
mod queues;
mod state;
mod tcp_info;

pub use cpu::thread_cpu_time;
pub use options::{
    Buffers, apply_buffers, delay_acknowledgements, granted_buffers, reset_on_close, set_user_timeout,
    shut_down_writing,
};
pub use queues::{receive_queue, send_queue};
pub use state::TcpState;
pub use tcp_info::{TcpInfo, tcp_info};
