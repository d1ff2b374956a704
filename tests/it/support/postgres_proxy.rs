//! A socket before that of a server: what is sent through it takes its time, and it can be cut.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::postgres::Server;

const SOCKET: &str = ".s.PGSQL.5432";

/// The way to a server. It ends with this.
pub struct Proxy {
    folder: tempfile::TempDir,
    way: Arc<Way>,
}

struct Way {
    server: PathBuf,
    /// How long what is sent takes, to the server and back.
    delay: Duration,
    is_cut: AtomicBool,
    has_ended: AtomicBool,
    connections: Mutex<Vec<UnixStream>>,
}

impl Proxy {
    /// The way to that server.
    pub fn before(server: &Server, delay: Duration) -> Self {
        let folder = tempfile::Builder::new().prefix("me-px-").tempdir().unwrap();
        let socket = folder.path().join(SOCKET);
        let listener = UnixListener::bind(&socket).unwrap();
        for path in [folder.path(), &socket] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
        }
        let way = Arc::new(Way {
            server: server.folder().join(SOCKET),
            delay,
            is_cut: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let listening = Arc::clone(&way);
        thread::spawn(move || {
            for client in listener.incoming() {
                if listening.has_ended.load(Ordering::SeqCst) {
                    return;
                }
                listening.connect(client.unwrap());
            }
        });
        Self { folder, way }
    }

    /// The folder of its socket.
    pub fn sockets(&self) -> &Path {
        self.folder.path()
    }

    /// Nothing comes through from now on.
    pub fn cut(&self) {
        self.way.is_cut.store(true, Ordering::SeqCst);
        for connection in self.way.connections.lock().unwrap().drain(..) {
            // One that has ended is cut.
            drop(connection.shutdown(Shutdown::Both));
        }
    }

    pub fn mend(&self) {
        self.way.is_cut.store(false, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.way.has_ended.store(true, Ordering::SeqCst);
        self.cut();
        drop(UnixStream::connect(self.folder.path().join(SOCKET)));
    }
}

impl Way {
    fn connect(&self, client: UnixStream) {
        // Held while it is looked at: a connection is cut, or was not made.
        let mut connections = self.connections.lock().unwrap();
        if self.is_cut.load(Ordering::SeqCst) {
            return;
        }
        // A server that is dead is as one that is cut off.
        let Ok(server) = UnixStream::connect(&self.server) else { return };
        for (from, to) in [(&client, &server), (&server, &client)] {
            forward(from.try_clone().unwrap(), to.try_clone().unwrap(), self.delay);
        }
        connections.extend([client, server]);
    }
}

/// Sends on what comes, each part once it is due.
fn forward(mut from: UnixStream, mut to: UnixStream, delay: Duration) {
    let (sender, parts) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if sender.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, part) in parts {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&part).is_err() {
                break;
            }
        }
        drop(to.shutdown(Shutdown::Both));
    });
}
