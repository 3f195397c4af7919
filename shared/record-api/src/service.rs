//! The gRPC methods that every kind of record has. Each reads its request, has
//! `wangge-record-store` do the work, and converts the record. It contains no rule of
//! any kind of record: methods with rules of their own are `own` methods of a service.

use prost::Message;
use tonic::Request;
use uuid::Uuid;
use wangge_api::{
    date,
    refusal::{Refusal, Rule},
    types::v1::Date,
};
use wangge_auth::Caller;
use wangge_pg::request::RequestKey;

pub use wangge_record::lifecycle::ActionOf;
use wangge_record::{Change, Checks, Dated, Metadata, Record, Stateful, lifecycle::NewTransition};
use wangge_record_store::{CallContext, Filter, RecordContext, RecordTable, read, write};

use crate::{ProtoMapping, end::read_end, list, page::Page, proto_mapping};

/// Reads the context of a write from a request: the caller's scope and the request id.
/// `method` is part of the fingerprint of the request, since the messages of two
/// methods can be encoded alike.
///
/// # Errors
/// Returns `FIELD_INVALID` if the request id is not a UUID.
pub fn call<M: Message>(
    request: Request<M>,
    method: &str,
    request_id: impl Fn(&M) -> &str,
) -> Result<(CallContext, M), Refusal> {
    let (caller, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    let key = RequestKey::of(&caller.key, method, request_id(&message), &message)?;
    Ok((CallContext { scope, key }, message))
}

/// Reads a required id. `field` is the field's path, for violations.
///
/// # Errors
/// Returns `FIELD_INVALID` on `field`.
pub fn id(text: &str, field: &str) -> Result<Uuid, Refusal> {
    if text.is_empty() {
        return Err(Refusal::field(field, Rule::Required, "is required"));
    }
    Uuid::parse_str(text).map_err(|_| Refusal::field(field, Rule::StringUuid, "must be a UUID"))
}

/// Reads an id that can be left out.
///
/// # Errors
/// Returns `FIELD_INVALID` if it isn't a UUID.
pub fn optional_id(text: &str, field: &str) -> Result<Option<Uuid>, Refusal> {
    if text.is_empty() {
        Ok(None)
    } else {
        id(text, field).map(Some)
    }
}

/// Returns the record of a write request.
///
/// # Errors
/// Returns `FIELD_INVALID` if it is missing.
pub fn given<T>(record: Option<T>, field: &str) -> Result<T, Refusal> {
    record.ok_or_else(|| Refusal::field(field, Rule::Required, "is required"))
}

/// Creates the record that a message describes, with a new id if the message has none.
///
/// # Errors
/// Returns the errors of [`proto_mapping::from_proto`] and [`write::create`].
pub async fn create<H: RecordContext, R: ProtoMapping + RecordTable>(
    context: &H,
    call: CallContext,
    message: Option<R::Message>,
) -> Result<R::Message, Refusal> {
    let message = given(message, R::KIND)?;
    let id = optional_id(R::id(&message), &format!("{}.id", R::KIND))?;
    let id = id.unwrap_or_else(Uuid::now_v7);
    // Validated before the transaction begins: an invalid request costs no connection.
    let record: R = proto_mapping::from_proto(message, Metadata::new(id, context.clock().now()))?;
    Ok(write::create(context, call, record).await?.into_proto())
}

/// Returns the record with the id in a request; `named` returns that id.
///
/// # Errors
/// Returns `FIELD_INVALID` if the id is not a UUID, or `RECORD_NOT_FOUND`.
pub async fn get<H: RecordContext, R: ProtoMapping + RecordTable, M>(
    context: &H,
    request: Request<M>,
    named: impl Fn(&M) -> &str,
) -> Result<R::Message, Refusal> {
    let (_, scope) = Caller::of(&request)?;
    let id = id(named(request.get_ref()), "id")?;
    Ok(read::get::<H, R>(context, &scope, id).await?.into_proto())
}

/// The arguments of a list, as requested.
#[derive(Debug)]
pub struct ListRequest {
    page_size: i32,
    page_token: String,
    within_code: String,
    parent: String,
    on: Option<Date>,
    state: i32,
}

impl ListRequest {
    /// Creates the arguments of a list inside an area, without filters.
    pub fn page(page_size: i32, page_token: String, within_code: String) -> Self {
        Self {
            page_size,
            page_token,
            within_code,
            parent: String::new(),
            on: None,
            state: 0,
        }
    }

    /// Filters by parent. An empty id means no filter.
    #[must_use]
    pub fn of(self, parent: String) -> Self {
        Self { parent, ..self }
    }

    /// Filters by a day on which records are in effect. `None` means no filter.
    #[must_use]
    pub fn on(self, on: Option<Date>) -> Self {
        Self { on, ..self }
    }

    /// Filters by state. Number 0 means no filter.
    #[must_use]
    pub fn in_state(self, state: i32) -> Self {
        Self { state, ..self }
    }

    /// Returns everything that determines the records of the list, for its page tokens.
    fn arguments(&self, method: &str) -> String {
        format!(
            "{method} {} {} {:?} {}",
            self.within_code, self.parent, self.on, self.state
        )
    }
}

/// Returns a page of records and the token of the next page.
///
/// # Errors
/// Returns `PAGE_TOKEN_INVALID`, or `FIELD_INVALID` for an invalid filter.
pub async fn list<H: RecordContext, R: ProtoMapping + RecordTable, M>(
    context: &H,
    method: &str,
    request: Request<M>,
    asked: impl Fn(M) -> ListRequest,
) -> Result<(Vec<R::Message>, String), Refusal> {
    let (_, scope) = Caller::of(&request)?;
    let asked = asked(request.into_inner());
    let page = Page::read(asked.page_size, &asked.page_token, asked.arguments(method))?;
    let parent = Some(asked.parent.as_str()).filter(|parent| !parent.is_empty());
    let filter = Filter {
        parent: parent.map(|parent| id(parent, "parent")).transpose()?,
        on: date::optional(asked.on.as_ref(), "on_date")?,
        state: i16::try_from(asked.state).ok().filter(|state| *state != 0),
        ..Filter::default()
    };
    let scope = scope.within(&asked.within_code);
    list::list(context, &scope, filter, page, R::into_proto).await
}

/// Returns the paths of an update mask.
///
/// # Errors
/// Returns `FIELD_INVALID` if there are none, or one that can't be changed.
pub fn paths(
    mask: Option<prost_types::FieldMask>,
    changeable: &[&str],
) -> Result<Vec<String>, Refusal> {
    let paths = mask.unwrap_or_default().paths;
    if paths.is_empty() {
        let why = "must list at least one field to change";
        return Err(Refusal::field("update_mask", Rule::Required, why));
    }
    match paths
        .iter()
        .find(|path| !changeable.contains(&path.as_str()))
    {
        Some(path) => {
            let why = format!("{path} is unknown or can't be changed");
            Err(Refusal::field("update_mask", Rule::FieldMask, why))
        }
        None => Ok(paths),
    }
}

/// Changes the fields of a record that the mask names.
///
/// # Errors
/// Returns the errors of [`write::change`] and [`ProtoMapping::merge`], or `FIELD_INVALID` if
/// the mask is empty.
pub async fn update<H: RecordContext, R: ProtoMapping + RecordTable>(
    context: &H,
    call: CallContext,
    message: Option<R::Message>,
    mask: Option<prost_types::FieldMask>,
) -> Result<R::Message, Refusal> {
    let message = given(message, R::KIND)?;
    let paths = paths(mask, R::CHANGEABLE)?;
    let id = id(R::id(&message), &format!("{}.id", R::KIND))?;
    let tag = R::etag(&message).to_owned();
    let changed = write::change(
        context,
        call,
        id,
        tag,
        Change::Update,
        move |record: &mut R, _| record.merge(message, &paths),
    );
    Ok(changed.await?.into_proto())
}

/// Ends a record on a day, or corrects its end.
///
/// # Errors
/// Returns the errors of [`read_end`] and [`write::end`].
pub async fn end<H: RecordContext, R: ProtoMapping + RecordTable + Dated>(
    context: &H,
    call: CallContext,
    (named, tag): (&str, String),
    (day, correction_reason): (Option<Date>, String),
) -> Result<R::Message, Refusal> {
    let id = id(named, "id")?;
    let end = read_end(day.as_ref(), correction_reason)?;
    Ok(write::end::<H, R>(context, call, id, tag, end)
        .await?
        .into_proto())
}

/// Removes the kind from the paths in a refusal, for requests and rows that have the
/// record's fields at the top level: `wish.unit_id` becomes `unit_id`.
pub fn relative<R: Record>(refusal: Refusal) -> Refusal {
    relative_to(R::KIND, refusal)
}

/// Makes the fields of a refusal relative to the record of a kind.
pub fn relative_to(kind: &str, mut refusal: Refusal) -> Refusal {
    let prefix = format!("{kind}.");
    for violation in &mut refusal.fields {
        if let Some(field) = violation.field.strip_prefix(&prefix) {
            refusal.message = refusal.message.replace(&violation.field, field);
            violation.field = field.to_owned();
        }
    }
    refusal
}

/// A requested action on a record with a lifecycle.
#[derive(Debug)]
pub struct ActionRequest<A> {
    /// The action.
    pub action: A,
    /// Id of the record, not yet validated.
    pub id: String,
    /// The etag that the caller has read; empty to skip the check.
    pub etag: String,
    /// The reason; `None` if the action takes none, empty if it is missing.
    pub reason: Option<String>,
}

/// Takes an action on a record with a lifecycle. `give` applies the fields of the
/// request to the record and reports their violations.
///
/// # Errors
/// Returns the errors of [`write::change`], `STATE_CONFLICT`, or `FIELD_INVALID`.
pub async fn act<
    H: RecordContext,
    R: ProtoMapping + RecordTable<Action = ActionOf<R>> + Stateful,
>(
    context: &H,
    call: CallContext,
    request: ActionRequest<ActionOf<R>>,
    give: impl FnOnce(&mut R, &mut Checks) + Send + 'static,
) -> Result<R::Message, Refusal> {
    let id = id(&request.id, "id")?;
    // From the token and never from the request: a caller can't act in another's name.
    let actor = call.key.subject().to_owned();
    let (action, reason) = (request.action, request.reason);
    let done = write::change(
        context,
        call,
        id,
        request.etag,
        Change::Act(action),
        move |record: &mut R, now| {
            if reason
                .as_ref()
                .is_some_and(|reason| reason.trim().is_empty())
            {
                return Err(Refusal::field("reason", Rule::Required, "is required"));
            }
            let step = NewTransition {
                action,
                time: now,
                actor,
                reason: reason.unwrap_or_default(),
            };
            record.take(step, give)
        },
    );
    // The fields are at the top level of the request, not in a record.
    Ok(done.await.map_err(relative::<R>)?.into_proto())
}
