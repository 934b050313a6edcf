//! The way to the control thread: a request of a person goes into a bounded queue, its outcome comes back once.
use crate::call::order::Order;
use crate::ids::{CallId, OperatorId};
use crate::queue::Explanation;
use crate::sip::Ha1;
use crate::switchboard::{Admin, Outcome};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Requests waiting for the control thread. Full: the caller is told to try again ([`Busy`]).
pub const WAITING_MAX: usize = 64;
/// The control thread answers within a few milliseconds; longer means that it is in trouble.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub enum AdminRequest {
    /// Something to be done: an input of the Switchboard.
    Do(Admin, oneshot::Sender<Outcome>),
    /// A further secret for an operator's phone in a page, good for so long. The SIP stack's, not the Switchboard's: no
    /// journal holds it.
    Pass(OperatorId, Ha1, Duration, oneshot::Sender<()>),
    /// Why a caller waits; nothing changes by it.
    Why(CallId, oneshot::Sender<Option<Explanation>>),
    Orders(oneshot::Sender<Vec<Order>>),
}

#[derive(Clone, Debug)]
pub struct AdminHandle(mpsc::Sender<AdminRequest>);

/// The control thread did not take the request, or did not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the switchboard did not answer within {} s: try again, and look at the load of the machine", PATIENCE.as_secs())]
pub struct Busy;

impl AdminHandle {
    /// The receiver belongs to the control thread, which answers every request through its `oneshot`.
    pub fn new() -> (AdminHandle, mpsc::Receiver<AdminRequest>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (AdminHandle(sender), receiver)
    }

    pub async fn ask(&self, what: Admin) -> Result<Outcome, Busy> {
        self.answered(|answer| AdminRequest::Do(what, answer)).await
    }

    /// `None`: no such call is in a queue.
    pub async fn why(&self, call: CallId) -> Result<Option<Explanation>, Busy> {
        self.answered(|answer| AdminRequest::Why(call, answer)).await
    }

    /// Standing orders: more than the view shows, for they name numbers.
    pub async fn orders(&self) -> Result<Vec<Order>, Busy> {
        self.answered(AdminRequest::Orders).await
    }

    pub async fn pass(&self, operator: OperatorId, ha1: Ha1, lasts: Duration) -> Result<(), Busy> {
        self.answered(|answer| AdminRequest::Pass(operator, ha1, lasts, answer)).await
    }

    async fn answered<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> AdminRequest) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(request(answer)).map_err(|_| Busy)?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_outcome_comes_back_to_the_one_who_asked() {
        let (handle, mut requests) = AdminHandle::new();
        let asked = tokio::spawn(async move { handle.ask(Admin::Drain).await });
        let Some(AdminRequest::Do(what, answer)) = requests.recv().await else { panic!() };
        assert_eq!(what, Admin::Drain);
        answer.send(Outcome::Done).unwrap();
        assert_eq!(asked.await.unwrap(), Ok(Outcome::Done));
    }

    #[tokio::test]
    async fn a_full_queue_is_told_at_once() {
        let (handle, requests) = AdminHandle::new();
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let (answer, outcome) = oneshot::channel();
                handle.0.try_send(AdminRequest::Do(Admin::Drain, answer)).unwrap();
                outcome
            })
            .collect();
        assert_eq!(handle.ask(Admin::Drain).await, Err(Busy));
        drop((waiting, requests));
        assert_eq!(handle.ask(Admin::Drain).await, Err(Busy), "the control thread is gone");
    }
}
