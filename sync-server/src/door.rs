//! How many connections are open at once: one more is closed before it is spoken to. What is written goes out
//! at once: the system's wait for more (Nagle) beside the other end's late word (40 ms) held answers up.
//!
//! Must not know what is said over a connection.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use futures_util::future::{Ready, ready};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

/// Lets in as many connections as there are places.
#[derive(Clone)]
pub(crate) struct Door(Arc<Semaphore>);

impl Door {
    /// So many places; 0: as many as the system gives.
    pub(crate) fn new(places: u32) -> Self {
        let places = usize::try_from(places).unwrap_or(0);
        let all = if places == 0 { Semaphore::MAX_PERMITS } else { places };
        Self(Arc::new(Semaphore::new(all)))
    }
}

/// What serves one connection, and its place, given back when both are gone.
#[derive(Clone)]
pub(crate) struct Seated<S> {
    inner: S,
    _place: Arc<OwnedSemaphorePermit>,
}

impl<S> Accept<TcpStream, S> for Door {
    type Stream = TcpStream;
    type Service = Seated<S>;
    type Future = Ready<io::Result<(TcpStream, Seated<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let seated = match self.0.clone().try_acquire_owned() {
            Ok(place) => Ok(Seated { inner: service, _place: Arc::new(place) }),
            Err(_) => Err(io::ErrorKind::ConnectionRefused.into()),
        };
        ready(seated.and_then(|seated| {
            stream.set_nodelay(true)?;
            Ok((stream, seated))
        }))
    }
}

impl<R, S: Service<R>> Service<R> for Seated<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The server's end of a connection.
    async fn stream() -> TcpStream {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (ours, _) = listener.accept().await.unwrap();
        drop(theirs);
        ours
    }

    #[tokio::test]
    async fn a_place_is_taken_by_each_connection_and_given_back_with_the_last_of_it() {
        let door = Door::new(2);
        let (_, first) = door.accept(stream().await, ()).await.unwrap();
        let second = door.accept(stream().await, ()).await.unwrap().1;
        assert!(door.accept(stream().await, ()).await.is_err(), "one over");
        let still_serving = first.clone();
        drop(first);
        assert!(door.accept(stream().await, ()).await.is_err());
        drop(still_serving);
        let third = door.accept(stream().await, ()).await;
        assert!(third.is_ok() && door.accept(stream().await, ()).await.is_err());
        drop(second);
        let any = Door::new(0);
        assert!(any.accept(stream().await, ()).await.is_ok());
    }

    #[tokio::test]
    async fn an_answer_does_not_wait_for_more_to_send() {
        let (stream, _) = Door::new(1).accept(stream().await, ()).await.unwrap();
        assert!(stream.nodelay().unwrap());
    }
}
