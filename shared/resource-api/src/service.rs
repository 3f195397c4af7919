//! The methods that every kind of record has, as a gRPC service serves them:
//! read the request, do it, tell the record.

use prost::Message;
use tonic::Request;
use uuid::Uuid;
use wangge_api::{date, refusal::Refusal, types::v1::Date};
use wangge_auth::Caller;
use wangge_pg::request::RequestKey;

use wangge_resource::{Checks, Dated, Head, Record, Stateful, lifecycle::Taken};
use wangge_resource_store::{Call, Filter, Host, Kept, read, write};

use crate::{Wire, end::read_end, list, page::Page, proto_mapping};

/// A write and who asks for it.
///
/// # Errors
/// `FIELD_INVALID` if the request id is not a UUID.
pub fn call<M: Message>(
    request: Request<M>,
    method: &str,
    request_id: impl Fn(&M) -> &str,
) -> Result<(Call, M), Refusal> {
    let (caller, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    let key = RequestKey::of(&caller.key, method, request_id(&message), &message)?;
    Ok((Call { scope, key }, message))
}

/// An id that must be given.
///
/// # Errors
/// `FIELD_INVALID` on `field`.
pub fn id(text: &str, field: &str) -> Result<Uuid, Refusal> {
    if text.is_empty() {
        return Err(Refusal::field(field, "required", "is required"));
    }
    Uuid::parse_str(text).map_err(|_| Refusal::field(field, "string.uuid", "must be a UUID"))
}

/// Enters the record that a message describes.
///
/// # Errors
/// Those of [`write::create`].
pub async fn create<H: Host, R: Wire + Kept>(
    host: &H,
    call: Call,
    message: Option<R::Message>,
) -> Result<R::Message, Refusal> {
    let message = message.ok_or_else(|| Refusal::field(R::KIND, "required", "is required"))?;
    let given = R::id(&message);
    let id = if given.is_empty() {
        Uuid::now_v7()
    } else {
        id(given, &format!("{}.id", R::KIND))?
    };
    let record: R = proto_mapping::read(message, Head::new(id, host.clock().now()))?;
    Ok(write::create(host, call, record).await?.tell())
}

/// Reads a record.
///
/// # Errors
/// `RECORD_NOT_FOUND`.
pub async fn get<H: Host, R: Wire + Kept, M>(
    host: &H,
    request: Request<M>,
    named: impl Fn(&M) -> &str,
) -> Result<R::Message, Refusal> {
    let (_, scope) = Caller::of(&request)?;
    let id = id(named(request.get_ref()), "id")?;
    Ok(read::get::<H, R>(host, &scope, id).await?.tell())
}

/// What a list is asked for.
#[derive(Debug)]
pub struct Asked {
    page_size: i32,
    page_token: String,
    within_code: String,
    parent: String,
    on: Option<Date>,
    state: i32,
}

impl Asked {
    /// A page of what lies within an area.
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

    /// Only records of a parent; of any, if it is empty.
    #[must_use]
    pub fn of(self, parent: String) -> Self {
        Self { parent, ..self }
    }

    /// Only records that hold on a day.
    #[must_use]
    pub fn on(self, on: Option<Date>) -> Self {
        Self { on, ..self }
    }

    /// Only records in a state; in any, if it is not named.
    #[must_use]
    pub fn in_state(self, state: i32) -> Self {
        Self { state, ..self }
    }

    /// Whatever decides which records the list has, in one text.
    fn arguments(&self, method: &str) -> String {
        format!(
            "{method} {} {} {:?} {}",
            self.within_code, self.parent, self.on, self.state
        )
    }
}

/// Reads a page of records.
///
/// # Errors
/// `PAGE_TOKEN_INVALID`, `FIELD_INVALID`.
pub async fn list<H: Host, R: Wire + Kept, M>(
    host: &H,
    method: &str,
    request: Request<M>,
    asked: impl Fn(M) -> Asked,
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
    list::list(host, &scope, filter, page, R::tell).await
}

/// Changes the masked fields of a record.
///
/// # Errors
/// Those of [`write::change`], and `FIELD_INVALID` for the mask.
pub async fn update<H: Host, R: Wire + Kept>(
    host: &H,
    call: Call,
    message: Option<R::Message>,
    mask: Option<prost_types::FieldMask>,
) -> Result<R::Message, Refusal> {
    let message = message.ok_or_else(|| Refusal::field(R::KIND, "required", "is required"))?;
    let paths = mask.unwrap_or_default().paths;
    if paths.is_empty() {
        return Err(Refusal::field(
            "update_mask",
            "required",
            "must list at least one field to change",
        ));
    }
    let id = id(R::id(&message), &format!("{}.id", R::KIND))?;
    let tag = R::etag(&message).to_owned();
    let changed = write::change(host, call, id, tag, "update", move |record: &mut R, _| {
        record.merge(message, &paths)
    });
    Ok(changed.await?.tell())
}

/// Ends a record on a day, or corrects its end.
///
/// # Errors
/// Those of [`read_end`] and [`write::end`].
pub async fn end<H: Host, R: Wire + Kept + Dated>(
    host: &H,
    call: Call,
    (named, tag): (&str, String),
    (day, correction_reason): (Option<Date>, String),
) -> Result<R::Message, Refusal> {
    let id = id(named, "id")?;
    let end = read_end(day.as_ref(), correction_reason)?;
    Ok(write::end::<H, R>(host, call, id, tag, end).await?.tell())
}

/// A refusal of a request or row whose record is all that there is: its fields stand
/// alone.
pub fn relative<R: Record>(mut refusal: Refusal) -> Refusal {
    let prefix = format!("{}.", R::KIND);
    for violation in &mut refusal.fields {
        if let Some(field) = violation.field.strip_prefix(&prefix) {
            refusal.message = refusal.message.replace(&violation.field, field);
            violation.field = field.to_owned();
        }
    }
    refusal
}

/// What is done to a record with states.
#[derive(Debug)]
pub struct Action {
    /// What it is called.
    pub name: &'static str,
    /// Id of the record.
    pub id: String,
    /// The version tag that was read.
    pub etag: String,
    /// Why, if a reason is asked for.
    pub reason: Option<String>,
}

/// Takes a step of a record with states; `give` gives what comes with it.
///
/// # Errors
/// Those of [`write::change`], `STATE_CONFLICT`, and `FIELD_INVALID`.
pub async fn act<H: Host, R: Wire + Kept + Stateful>(
    host: &H,
    call: Call,
    action: Action,
    give: impl FnOnce(&mut R, &mut Checks) + Send + 'static,
) -> Result<R::Message, Refusal> {
    let id = id(&action.id, "id")?;
    let actor = call.key.subject().to_owned();
    let (name, reason) = (action.name, action.reason);
    let done = write::change(
        host,
        call,
        id,
        action.etag,
        name,
        move |record: &mut R, now| {
            if reason
                .as_ref()
                .is_some_and(|reason| reason.trim().is_empty())
            {
                return Err(Refusal::field("reason", "required", "is required"));
            }
            let step = Taken {
                action: name,
                time: now,
                actor,
                reason: reason.unwrap_or_default(),
            };
            record.take(step, give)
        },
    );
    // What is given stands in the request itself, not in a record there.
    Ok(done.await.map_err(relative::<R>)?.tell())
}

/// Writes a gRPC service out of the methods that its kinds of records have.
/// `own` methods are functions of the server's: `async fn(&self, request)`.
///
/// ```ignore
/// resource_service! {
///     EstateService for Estates {
///         create create_building(CreateBuildingRequest.building): Building,
///         get get_building(GetBuildingRequest): Building,
///         list list_buildings(ListBuildingsRequest) by estate_id on on_date
///             -> ListBuildingsResponse.buildings: Building,
///         update update_building(UpdateBuildingRequest.building): Building,
///         end end_building(EndBuildingRequest): Building,
///         act claim_wish(ClaimWishRequest, "claim"): Wish => sets { volunteer_id } because reason,
///         own count(CountRequest) -> CountResponse,
///     }
/// }
/// ```
#[macro_export]
macro_rules! resource_service {
    ($service:ident for $server:ident { $($methods:tt)* }) => {
        $crate::resource_service!(@ $service, $server, [] $($methods)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]) => {
        #[tonic::async_trait]
        impl $service for $server { $($done)* }
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        create $method:ident($request:path, $field:ident): $record:ty, $($rest:tt)*) => {
        $crate::resource_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::Wire>::Message>, ::tonic::Status> {
                let (call, message) = $crate::service::call(request, stringify!($method), |m| &m.request_id)?;
                let created = $crate::service::create::<_, $record>(&self.0, call, message.$field);
                Ok(::tonic::Response::new(created.await?))
            }
        ] $($rest)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        get $method:ident($request:path): $record:ty, $($rest:tt)*) => {
        $crate::resource_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::Wire>::Message>, ::tonic::Status> {
                let read = $crate::service::get::<_, $record, _>(&self.0, request, |m| &m.id);
                Ok(::tonic::Response::new(read.await?))
            }
        ] $($rest)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        list $method:ident($request:path) $(by $parent:ident)? $(on $on:ident)? $(in $state:ident)?
            -> $response:path, $items:ident: $record:ty, $($rest:tt)*) => {
        $crate::resource_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<$response>, ::tonic::Status> {
                let read = $crate::service::list::<_, $record, _>(&self.0, stringify!($method), request, |m| {
                    $crate::service::Asked::page(m.page_size, m.page_token, m.within_code)
                        $(.of(m.$parent))?
                        $(.on(m.$on))?
                        $(.in_state(m.$state))?
                });
                type Page = $response;
                let ($items, next_page_token) = read.await?;
                Ok(::tonic::Response::new(Page { $items, next_page_token }))
            }
        ] $($rest)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        update $method:ident($request:path, $field:ident): $record:ty, $($rest:tt)*) => {
        $crate::resource_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::Wire>::Message>, ::tonic::Status> {
                let (call, message) = $crate::service::call(request, stringify!($method), |m| &m.request_id)?;
                let updated = $crate::service::update::<_, $record>(&self.0, call, message.$field, message.update_mask);
                Ok(::tonic::Response::new(updated.await?))
            }
        ] $($rest)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        end $method:ident($request:path): $record:ty, $($rest:tt)*) => {
        $crate::resource_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::Wire>::Message>, ::tonic::Status> {
                let (call, m) = $crate::service::call(request, stringify!($method), |m| &m.request_id)?;
                let ended = $crate::service::end::<_, $record>(
                    &self.0,
                    call,
                    (&m.id, m.etag),
                    (m.end_date, m.correction_reason),
                );
                Ok(::tonic::Response::new(ended.await?))
            }
        ] $($rest)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        act $method:ident($request:path, $action:literal): $record:ty
            $(=> $(sets { $($field:ident),+ })? $(because $reason:ident)?)?, $($rest:tt)*) => {
        $crate::resource_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::Wire>::Message>, ::tonic::Status> {
                let (call, m) = $crate::service::call(request, stringify!($method), |m| &m.request_id)?;
                #[allow(unused_mut, unused_assignments)]
                let mut reason = None;
                $($(reason = Some(m.$reason.clone());)?)?
                let action = $crate::service::Action {
                    name: $action,
                    id: m.id.clone(),
                    etag: m.etag.clone(),
                    reason,
                };
                let done = $crate::service::act::<_, $record>(&self.0, call, action, move |_record, _checks| {
                    $($($(
                        let wire = m.$field.clone();
                        if let Some(value) = $crate::field::Field::read(wire, stringify!($field), _checks) {
                            _record.$field = value;
                        }
                    )+)?)?
                });
                Ok(::tonic::Response::new(done.await?))
            }
        ] $($rest)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        own $method:ident($request:path) -> $response:ty, $($rest:tt)*) => {
        $crate::resource_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<$response>, ::tonic::Status> {
                Ok(::tonic::Response::new($server::$method(self, request).await?))
            }
        ] $($rest)*);
    };
}
