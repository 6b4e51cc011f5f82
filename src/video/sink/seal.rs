//! TLS towards viewers. The library speaks it only on connections that it accepts itself, and then nobody is told where
//! a viewer is; so TLS ends here, and the library is given the other end of a pair of sockets.

use gio::prelude::*;
use gst::glib;
use gstreamer as gst;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Longest wait for somebody to speak TLS, seconds.
const GREETING_SECS: u32 = 10;
/// A viewer who takes nothing for so long is gone, seconds.
const DEAF_SECS: i32 = 30;
/// From the kernel's `tcp.h` and `in.h`.
const IPPROTO_TCP: i32 = 6;
const TCP_USER_TIMEOUT: i32 = 18;
const TCP_KEEPIDLE: i32 = 4;

/// The server's certificate and its key.
#[derive(Clone)]
pub struct Identity(Arc<str>);

impl Identity {
    /// Of a PEM text with the certificate, those that vouch for it where there are any, and the key.
    ///
    /// # Errors
    /// What is wrong with it, in words without any of it.
    pub fn of_pem(pem: &str) -> Result<Self, String> {
        let certificate = gio::TlsCertificate::from_pem(pem);
        let certificate = certificate.map_err(|e| e.message().trim_end_matches('.').to_owned())?;
        match certificate.not_valid_after() {
            _ if !pem.contains("PRIVATE KEY-----") => Err("it has no private key in it".into()),
            Some(until) if until.to_unix() < jiff::Timestamp::now().as_second() => {
                Err("it has expired".into())
            }
            _ => Ok(Self(pem.into())),
        }
    }

    fn certificate(&self) -> Result<gio::TlsCertificate, glib::Error> {
        gio::TlsCertificate::from_pem(&self.0)
    }
}

/// Speaks TLS with who is at the other end of `stream`; gives a socket with what lies within it. The way between the two
/// goes on by itself on this thread's context, until one of them ends.
///
/// # Errors
/// Nobody spoke it.
pub(super) async fn unseal(stream: TcpStream, identity: &Identity) -> Result<gio::Socket, glib::Error> {
    let outer = socket(stream.into())?;
    bound_patience(&outer);
    outer.set_timeout(GREETING_SECS);
    let sealed = outer.connection_factory_create_connection();
    let tls = gio::TlsServerConnection::new(&sealed, Some(&identity.certificate()?))?;
    tls.handshake_future(glib::Priority::DEFAULT).await?;
    outer.set_timeout(0);
    let (ours, theirs) =
        UnixStream::pair().map_err(|e| glib::Error::new(gio::IOErrorEnum::Failed, &e.to_string()))?;
    let (inner, theirs) = (socket(ours.into())?, socket(theirs.into())?);
    let plain = inner.connection_factory_create_connection();
    let tls = tls.upcast::<gio::IOStream>();
    let plain = plain.upcast::<gio::IOStream>();
    for (from, to) in [(&tls, &plain), (&plain, &tls)] {
        let (from, to, outer, inner) = (from.clone(), to.clone(), outer.clone(), inner.clone());
        glib::MainContext::ref_thread_default().spawn_local(async move {
            let flags = gio::OutputStreamSpliceFlags::NONE;
            let way = to.output_stream().splice_future(&from.input_stream(), flags, glib::Priority::DEFAULT);
            // However it ended, both ends hear of it.
            let _ = (way.await, outer.shutdown(true, true), inner.shutdown(true, true));
        });
    }
    Ok(theirs)
}

/// Has the kernel end a connection whose other end takes nothing any more, be it gone or only deaf.
pub(super) fn bound_patience(socket: &gio::Socket) {
    socket.set_keepalive(true);
    for (option, value) in [(TCP_USER_TIMEOUT, DEAF_SECS * 1000), (TCP_KEEPIDLE, DEAF_SECS)] {
        if let Err(fault) = socket.set_option(IPPROTO_TCP, option, value) {
            tracing::debug!(%fault, "a connection is as patient as the system is");
        }
    }
}

/// A socket of the library's kind that nobody waits at.
pub(super) fn socket(fd: OwnedFd) -> Result<gio::Socket, glib::Error> {
    let socket = gio::Socket::from_fd(fd)?;
    socket.set_blocking(false);
    Ok(socket)
}
