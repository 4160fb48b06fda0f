//! How many connections are open at once: one more is closed before it is spoken to.
//!
//! Must not know what is said over a connection.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use futures_util::future::{Ready, ready};
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

impl<I, S> Accept<I, S> for Door {
    type Stream = I;
    type Service = Seated<S>;
    type Future = Ready<io::Result<(I, Seated<S>)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let place = self.0.clone().try_acquire_owned();
        ready(match place {
            Ok(place) => Ok((stream, Seated { inner: service, _place: Arc::new(place) })),
            Err(_) => Err(io::ErrorKind::ConnectionRefused.into()),
        })
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

    #[tokio::test]
    async fn a_place_is_taken_by_each_connection_and_given_back_with_the_last_of_it() {
        let door = Door::new(2);
        let (_, first) = door.accept((), ()).await.unwrap();
        let second = door.accept((), ()).await.unwrap().1;
        assert!(door.accept((), ()).await.is_err(), "one over");
        let still_serving = first.clone();
        drop(first);
        assert!(door.accept((), ()).await.is_err());
        drop(still_serving);
        let third = door.accept((), ()).await;
        assert!(third.is_ok() && door.accept((), ()).await.is_err());
        drop(second);
        let any = Door::new(0);
        assert!(any.accept((), ()).await.is_ok());
    }
}
