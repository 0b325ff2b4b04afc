//! A port for a server that is started by a script.

use tokio::net::TcpSocket;

/// A port that is kept until its server is gone: bound here, and never listened at. Linux then gives it neither to one who asks
/// for any port nor to one who connects; a server that sets SO_REUSEADDR, as MariaDB, Apache, nginx, rclone and wsgidav do,
/// can listen at it all the same. One that was only free a moment ago is somebody else's now and then.
#[derive(Debug)]
pub(crate) struct Port(TcpSocket);

impl Port {
    pub(crate) fn any() -> Port {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Port(socket)
    }

    pub(crate) fn number(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }
}
