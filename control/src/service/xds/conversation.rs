//! A stream between a node and this service, whichever variant of xDS it speaks.

use std::future::Future;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, Streaming};

use super::Answers;
use super::session::{Change, Offer, Session};
use crate::service::Service;
use crate::service::peer::Peer;

/// A variant of xDS: how its messages say what a session wants to know, and what it has to say.
pub trait Variant: 'static {
    /// What a node sends.
    type Request: Send + 'static;
    /// What it is sent.
    type Response: Send + 'static;

    /// Takes what a node says.
    fn take(session: &mut Session, request: Self::Request) -> impl Future<Output = Result<(), Status>> + Send;

    /// Says what there is for it.
    fn response(offer: Offer) -> Self::Response;
}

/// Answers one stream of a node.
pub fn answer<V: Variant>(service: Service, request: Request<Streaming<V::Request>>) -> Answers<V::Response> {
    let session = Session::new(service, Peer::of(&request));
    let (sender, answers) = mpsc::channel(1);
    tokio::spawn(async move {
        if let Err(status) = converse::<V>(session, request.into_inner(), &sender).await {
            // Where nobody listens any more nothing needs to be said.
            let _ = sender.send(Err(status)).await;
        }
    });
    Box::pin(ReceiverStream::new(answers))
}

async fn converse<V: Variant>(
    mut session: Session,
    mut requests: Streaming<V::Request>,
    answers: &mpsc::Sender<Result<V::Response, Status>>,
) -> Result<(), Status> {
    loop {
        tokio::select! {
            request = requests.message() => match request? {
                Some(request) => V::take(&mut session, request).await?,
                None => return Ok(()),
            },
            change = session.changed() => if change == Change::End { return Ok(()) },
        }
        if let Some(offer) = session.next().await
            && answers.send(Ok(V::response(offer))).await.is_err()
        {
            return Ok(());
        }
    }
}
