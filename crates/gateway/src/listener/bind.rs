//! Opening the sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections the system keeps for us while the accept loop is busy.
const BACKLOG: i32 = 1024;
/// How often a port chosen by the system is drawn again because the other loopback address has it in use.
const DRAWS: u32 = 16;

/// Opens the sockets for one address and port. A loopback address stands for 127.0.0.1 and ::1 with the same port:
/// clients resolve `localhost` to either, and whoever held the other one could pose as us. 0.0.0.0 brings ::1 along for
/// the same reason. A machine without IPv6 gets the IPv4 socket alone. Port 0 lets the system choose. Must be called
/// within a tokio runtime.
///
/// # Errors
/// What the system says, `AddrInUse` above all.
pub fn bind(address: IpAddr, port: u16) -> io::Result<Vec<TcpListener>> {
    let (first, second) = match address {
        address if address.is_loopback() => (Ipv4Addr::LOCALHOST.into(), Some(Ipv6Addr::LOCALHOST.into())),
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => (address, Some(IpAddr::V6(Ipv6Addr::LOCALHOST))),
        _ => (address, None),
    };
    let mut draws = 0;
    loop {
        let socket = open(SocketAddr::new(first, port))?;
        let Some(second) = second else { return Ok(vec![socket]) };
        match open(SocketAddr::new(second, socket.local_addr()?.port())) {
            Ok(other) => return Ok(vec![socket, other]),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                draws += 1;
                if port != 0 || draws == DRAWS {
                    return Err(error);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "no IPv6 loopback");
                return Ok(vec![socket]);
            }
        }
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On Unix this allows a restart while old connections are in TIME_WAIT. On Windows it would let another process
    // take the port away from us.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if let SocketAddr::V6(v6) = address {
        socket.set_only_v6(!v6.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
