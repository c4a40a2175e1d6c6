//! Sockets to listen on: one per worker and address.
//!
//! In: addresses. Out: bound sockets, or an error that names the address. Where the system spreads connections over sockets
//! (`SO_REUSEPORT` on Linux) each worker has its own; elsewhere workers share one.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;

/// Connections the kernel holds until they are accepted.
const BACKLOG: i32 = 4096;

/// An address that cannot be listened on.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: {cause}{}", hint(cause))]
pub struct BindError {
    /// The address asked for.
    pub address: SocketAddr,
    /// What the system says.
    pub cause: io::Error,
}

fn hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse => {
            " (another process listens there; stop it or choose another port)"
        }
        io::ErrorKind::PermissionDenied => {
            " (ports below 1024 need a privilege; choose a higher one)"
        }
        io::ErrorKind::AddrNotAvailable => " (no interface of this machine has that address)",
        _ => "",
    }
}

/// One socket a worker for `address`, and the address bound to (port 0 becomes a free port).
pub(crate) fn bind(
    address: SocketAddr,
    workers: usize,
) -> Result<(SocketAddr, Vec<TcpListener>), BindError> {
    spread(address, workers).map_err(|cause| BindError { address, cause })
}

#[cfg(target_os = "linux")]
fn spread(address: SocketAddr, workers: usize) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    if workers <= 1 {
        let only = open(address, false)?;
        return Ok((only.local_addr()?, vec![only]));
    }
    // With SO_REUSEPORT two processes could share a port by mistake: a first socket without it finds out.
    let probe = open(address, false)?;
    let bound = probe.local_addr()?;
    drop(probe);
    let listeners = (0..workers)
        .map(|_| open(bound, true))
        .collect::<io::Result<Vec<_>>>()?;
    Ok((bound, listeners))
}

#[cfg(not(target_os = "linux"))]
fn spread(address: SocketAddr, workers: usize) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    let first = open(address, false)?;
    let bound = first.local_addr()?;
    let mut listeners = (1..workers)
        .map(|_| first.try_clone())
        .collect::<io::Result<Vec<_>>>()?;
    listeners.push(first);
    Ok((bound, listeners))
}

fn open(address: SocketAddr, share: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // On Windows this would let another process take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(target_os = "linux")]
    socket.set_reuse_port(share)?;
    #[cfg(not(target_os = "linux"))]
    let _ = share;
    if address.is_ipv6() && address.ip().is_unspecified() {
        // `[::]` means every address, also IPv4's; a system without that keeps IPv6.
        let _ = socket.set_only_v6(false);
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_get_a_socket_each_on_one_port() {
        let (bound, listeners) = bind(([127, 0, 0, 1], 0).into(), 3).expect("a free port");
        assert_ne!(bound.port(), 0);
        assert_eq!(listeners.len(), 3);
    }

    #[test]
    fn a_port_in_use_is_named_even_where_it_could_be_shared() {
        let (bound, _held) = bind(([127, 0, 0, 1], 0).into(), 2).expect("a free port");
        let error = bind(bound, 2).expect_err("in use").to_string();
        assert!(
            error.contains(&bound.to_string()) && error.contains("another process"),
            "{error}"
        );
    }
}
