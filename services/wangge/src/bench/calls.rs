//! The measured calls, and the tickets that they operate on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, ensure};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use tonic::Status;
use uuid::Uuid;
use wangge_api::{
    policy::Role,
    tickets::v1::{
        CreateTicketRequest, DispatchTicketRequest, FileTicketRequest, GetTicketRequest,
        ListTicketsRequest, ticket_service_client::TicketServiceClient,
    },
};
use wangge_client::{ServiceChannel, retry};

use super::{drive::Caller, operation::Operation, setting::Setting};
use crate::{
    connect::{ConnectArgs, refused},
    services::ServiceName,
};

/// Number of concurrent calls that prepare tickets.
const PREPARING: usize = 16;
/// Page size of the measured list.
const PAGE: i32 = 50;

/// A client of the tickets service and the tickets for its calls.
#[derive(Debug)]
pub(crate) struct Calls {
    clients: Vec<TicketServiceClient<ServiceChannel>>,
    setting: Setting,
    /// Ids of tickets that were only created.
    created: Mutex<Vec<String>>,
    /// Ids of filed tickets, pending dispatch.
    filed: Mutex<Vec<String>>,
}

impl Calls {
    /// Opens connections to the tickets service and looks up the references for reports.
    /// The role of dispatcher permits all of the calls.
    pub(crate) async fn prepared(connect: &ConnectArgs, connections: u16) -> Result<Self> {
        let setting = Setting::find(&connect.channels(Role::Dispatcher)?).await?;
        let url = connect.url(ServiceName::Tickets);
        let token = connect.token(Role::Dispatcher)?;
        let clients = (0..connections)
            .map(|_| {
                Ok(TicketServiceClient::new(wangge_client::connect(
                    &url,
                    token.clone(),
                )?))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            clients,
            setting,
            created: Mutex::default(),
            filed: Mutex::default(),
        })
    }

    /// Returns the references that all reports share.
    pub(crate) fn setting(&self) -> &Setting {
        &self.setting
    }

    /// Returns a function that makes calls of one operation.
    pub(crate) fn caller(self: &Arc<Self>, operation: Operation) -> Arc<Caller> {
        let calls = self.clone();
        Arc::new(move |number| {
            let calls = calls.clone();
            async move { calls.call(operation, number).await }.boxed()
        })
    }

    /// Makes one call; returns `None` if no ticket is left for it. `number` selects the
    /// connection and the report.
    async fn call(&self, operation: Operation, number: usize) -> Option<Result<(), Status>> {
        Some(match operation {
            Operation::Create => self.create(number).await,
            Operation::Get => {
                let id = any(&self.created)?;
                self.get(number, id).await
            }
            Operation::List => self.list(number).await,
            Operation::Dispatch => {
                // Removed: a ticket can be dispatched only once.
                let id = locked(&self.filed).pop()?;
                self.dispatch(number, id).await
            }
        })
    }

    /// Creates, and files if needed, the tickets for an operation.
    pub(crate) async fn prepare(&self, operation: Operation, needed: usize) -> Result<()> {
        match operation {
            Operation::Create => Ok(()),
            Operation::Get | Operation::List => self.fill_created(needed).await,
            Operation::Dispatch => {
                let lacking = needed.saturating_sub(locked(&self.filed).len());
                self.fill_created(lacking).await?;
                let ids = take(&self.created, lacking);
                self.file(ids)
                    .await
                    .context("filing tickets to be dispatched")
            }
        }
    }

    async fn fill_created(&self, needed: usize) -> Result<()> {
        let lacking = needed.saturating_sub(locked(&self.created).len());
        stream::iter(0..lacking)
            // Preparation is retried; measured calls are not, so that each error counts.
            .map(|number| retry(move || self.create(number)))
            .buffer_unordered(PREPARING)
            .try_for_each(|()| std::future::ready(Ok(())))
            .await
            .map_err(refused)
            .context("creating tickets")?;
        ensure!(
            locked(&self.created).len() >= needed,
            "some tickets were not created"
        );
        Ok(())
    }

    async fn file(&self, ids: Vec<String>) -> Result<()> {
        stream::iter(ids.into_iter().enumerate())
            .map(|(number, id)| self.file_one(number, id))
            .buffer_unordered(PREPARING)
            .try_for_each(|()| std::future::ready(Ok(())))
            .await
            .map_err(refused)
    }

    async fn file_one(&self, number: usize, id: String) -> Result<(), Status> {
        let request = FileTicketRequest {
            request_id: new_id(),
            ticket_id: id.clone(),
            ..FileTicketRequest::default()
        };
        retry(|| {
            let (mut client, request) = (self.client(number), request.clone());
            async move { client.file_ticket(request).await }
        })
        .await?;
        locked(&self.filed).push(id);
        Ok(())
    }

    async fn create(&self, number: usize) -> Result<(), Status> {
        let ticket = Some(self.setting.report(number));
        let request = CreateTicketRequest {
            request_id: new_id(),
            ticket,
        };
        let ticket = self
            .client(number)
            .create_ticket(request)
            .await?
            .into_inner();
        locked(&self.created).push(ticket.id);
        Ok(())
    }

    async fn get(&self, number: usize, id: String) -> Result<(), Status> {
        self.client(number)
            .get_ticket(GetTicketRequest { id })
            .await
            .map(drop)
    }

    async fn list(&self, number: usize) -> Result<(), Status> {
        let request = ListTicketsRequest {
            page_size: PAGE,
            within_code: self.setting.community.clone(),
            ..ListTicketsRequest::default()
        };
        let page = self
            .client(number)
            .list_tickets(request)
            .await?
            .into_inner();
        // A short page is cheaper to serve and would not be comparable.
        if page.tickets.len() == usize::try_from(PAGE).unwrap_or_default() {
            Ok(())
        } else {
            Err(Status::data_loss("PAGE_NOT_FULL"))
        }
    }

    async fn dispatch(&self, number: usize, ticket_id: String) -> Result<(), Status> {
        let request = DispatchTicketRequest {
            request_id: new_id(),
            ticket_id,
            lead_unit_id: self.setting.unit.clone(),
            ..DispatchTicketRequest::default()
        };
        self.client(number).dispatch_ticket(request).await.map(drop)
    }

    fn client(&self, number: usize) -> TicketServiceClient<ServiceChannel> {
        self.clients[number % self.clients.len()].clone()
    }
}

fn new_id() -> String {
    Uuid::new_v4().to_string()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock is held can't leave a list of ids in an invalid state.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes up to `number` of the ids and returns them.
fn take(ids: &Mutex<Vec<String>>, number: usize) -> Vec<String> {
    let mut ids = locked(ids);
    let left = ids.len().saturating_sub(number);
    ids.split_off(left)
}

/// Returns a random id, or `None` if there is none.
fn any(ids: &Mutex<Vec<String>>) -> Option<String> {
    let ids = locked(ids);
    (!ids.is_empty()).then(|| ids[rand::random_range(0..ids.len())].clone())
}
