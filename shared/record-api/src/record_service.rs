//! The macro that generates a gRPC service from the methods of its kinds of records. What
//! a method does is in [`service`](crate::service); here is only how it is declared.

/// Generates a gRPC service from the methods of its kinds of records. The server must
/// be a tuple struct whose first field is the [`RecordContext`](wangge_record_store::RecordContext);
/// the service's trait must be in scope, and `tonic` a dependency of the crate. Each
/// method ends with a comma. Their forms:
///
/// - `create`: the request, and its field that contains the record.
/// - `get`: the request.
/// - `list`: the request, its filters `by` parent, `on` day and `in` state, if it has
///   them and in this order, the response, and its field that contains the records.
/// - `update`: the request, and its field that contains the record.
/// - `end`: the request.
/// - `act`: the request and the action; after `=>` the fields of the request that it
///   `sets` in the record, and the field of the reason that it is taken `because` of,
///   if it has any.
/// - `own`: the request and the response. The method is written by hand, as `async
///   fn(&self, Request<…>) -> Result<…, Refusal>` of the server.
///
/// ```ignore
/// record_service! {
///     ProjectService for Projects {
///         create create_need(proto::CreateNeedRequest, need): Need,
///         get get_need(proto::GetNeedRequest): Need,
///         list list_needs(proto::ListNeedsRequest) on on_date
///             -> proto::ListNeedsResponse, needs: Need,
///         update update_need(proto::UpdateNeedRequest, need): Need,
///         end end_need(proto::EndNeedRequest): Need,
///
///         list list_project_claims(proto::ListProjectClaimsRequest) by project_id in state
///             -> proto::ListProjectClaimsResponse, project_claims: ProjectClaim,
///
///         act review_wish(proto::ReviewWishRequest, "review"): Wish,
///         act decline_wish(proto::DeclineWishRequest, "decline"): Wish => because reason,
///         act claim_wish(proto::ClaimWishRequest, Claim): Wish => sets { unit_id, volunteer_id },
///
///         own list_need_counts(proto::ListNeedCountsRequest) -> proto::ListNeedCountsResponse,
///     }
/// }
/// ```
///
/// The macro moves one method after another from its input to `$done`: `async_trait`
/// must see all of them expanded, since it doesn't rewrite macro calls inside of its
/// `impl` block.
#[macro_export]
macro_rules! record_service {
    ($service:ident for $server:ident { $($methods:tt)* }) => {
        $crate::record_service!(@ $service, $server, [] $($methods)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]) => {
        #[tonic::async_trait]
        impl $service for $server { $($done)* }
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        create $method:ident($request:path, $field:ident): $record:ty, $($rest:tt)*) => {
        $crate::record_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::ProtoMapping>::Message>, ::tonic::Status> {
                let (call, message) = $crate::service::call(request, stringify!($method), |m| &m.request_id)?;
                let created = $crate::service::create::<_, $record>(&self.0, call, message.$field);
                Ok(::tonic::Response::new(created.await?))
            }
        ] $($rest)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        get $method:ident($request:path): $record:ty, $($rest:tt)*) => {
        $crate::record_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::ProtoMapping>::Message>, ::tonic::Status> {
                let read = $crate::service::get::<_, $record, _>(&self.0, request, |m| &m.id);
                Ok(::tonic::Response::new(read.await?))
            }
        ] $($rest)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        list $method:ident($request:path) $(by $parent:ident)? $(on $on:ident)? $(in $state:ident)?
            -> $response:path, $items:ident: $record:ty, $($rest:tt)*) => {
        $crate::record_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<$response>, ::tonic::Status> {
                let read = $crate::service::list::<_, $record, _>(&self.0, stringify!($method), request, |m| {
                    $crate::service::ListRequest::page(m.page_size, m.page_token, m.within_code)
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
        $crate::record_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::ProtoMapping>::Message>, ::tonic::Status> {
                let (call, message) = $crate::service::call(request, stringify!($method), |m| &m.request_id)?;
                let updated = $crate::service::update::<_, $record>(&self.0, call, message.$field, message.update_mask);
                Ok(::tonic::Response::new(updated.await?))
            }
        ] $($rest)*);
    };
    (@ $service:ident, $server:ident, [$($done:tt)*]
        end $method:ident($request:path): $record:ty, $($rest:tt)*) => {
        $crate::record_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::ProtoMapping>::Message>, ::tonic::Status> {
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
        act $method:ident($request:path, $action:ident): $record:ty
            $(=> $(sets { $($field:ident),+ })? $(because $reason:ident)?)?, $($rest:tt)*) => {
        $crate::record_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<<$record as $crate::ProtoMapping>::Message>, ::tonic::Status> {
                let (call, m) = $crate::service::call(request, stringify!($method), |m| &m.request_id)?;
                #[allow(unused_mut, unused_assignments)]
                let mut reason = None;
                $($(reason = Some(m.$reason.clone());)?)?
                type Actions = $crate::service::ActionOf<$record>;
                let action = $crate::service::ActionRequest {
                    action: Actions::$action,
                    id: m.id.clone(),
                    etag: m.etag.clone(),
                    reason,
                };
                let done = $crate::service::act::<_, $record>(&self.0, call, action, move |_record, _checks| {
                    $($($(
                        let wire = m.$field.clone();
                        if let Some(value) = $crate::field::Field::from_proto(wire, stringify!($field), _checks) {
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
        $crate::record_service!(@ $service, $server, [$($done)*
            async fn $method(
                &self,
                request: ::tonic::Request<$request>,
            ) -> ::std::result::Result<::tonic::Response<$response>, ::tonic::Status> {
                Ok(::tonic::Response::new($server::$method(self, request).await?))
            }
        ] $($rest)*);
    };
}
