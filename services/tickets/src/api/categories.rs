//! Handlers of `CategoryService`: categories and the duty list.

use chrono::{DateTime, Utc};
use tonic::{Request, Response, Status};
use wangge_api::{
    date::timestamp,
    refusal::{FieldViolation, Refusal, Rule},
    tickets::v1::{self as wire, server::category_service_server::CategoryService},
};
use wangge_auth::Caller;
use wangge_kernel::page;
use wangge_pg::request::RequestKey;
use wangge_record::etag::etag;

use super::{given_or_new_id, id};
use crate::{
    App,
    commands::{
        create_category::{create_category, guard_platform},
        create_responsibility::create_responsibility,
    },
    domain::category::{Category, Limit, LimitKind, Responsibility},
    events::limit,
    store::category::{list_categories, list_responsibilities},
};

/// Implements `CategoryService`.
#[derive(Debug)]
pub(crate) struct Categories(pub App);

#[tonic::async_trait]
impl CategoryService for Categories {
    async fn create_category(
        &self,
        request: Request<wire::CreateCategoryRequest>,
    ) -> Result<Response<wire::Category>, Status> {
        let (caller, _) = Caller::of(&request)?;
        let message = request.into_inner();
        let key = RequestKey::of(&caller.key, "CreateCategory", &message.request_id, &message)?;
        let now = self.0.clock.now();
        let category = category(&message.category.unwrap_or_default(), "category.", now)?;
        guard_platform(caller.is_of_the_platform(), "category.code")?;
        let category = create_category(&self.0, key, category).await?;
        Ok(Response::new(category_message(category)))
    }

    async fn list_categories(
        &self,
        request: Request<wire::ListCategoriesRequest>,
    ) -> Result<Response<wire::ListCategoriesResponse>, Status> {
        let message = request.into_inner();
        // Not limited to the caller's scope: categories apply to the whole platform.
        let after: String = page::decode(&message.page_token, &["categories"])
            .map_err(Refusal::from)?
            .unwrap_or_default();
        let size = page::size(message.page_size);
        // One row more than the page: it shows whether another page follows.
        let mut categories = list_categories(&self.0.database.calls, &after, size + 1)
            .await
            .map_err(Refusal::from)?;
        let more = categories.len() > usize::try_from(size).unwrap_or(usize::MAX);
        if more {
            categories.pop();
        }
        let last = categories.last().filter(|_| more);
        Ok(Response::new(wire::ListCategoriesResponse {
            next_page_token: last
                .map(|last| page::encode(&last.code, &["categories"]))
                .unwrap_or_default(),
            categories: categories.into_iter().map(category_message).collect(),
        }))
    }

    async fn create_responsibility(
        &self,
        request: Request<wire::CreateResponsibilityRequest>,
    ) -> Result<Response<wire::Responsibility>, Status> {
        let (caller, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        let key = RequestKey::of(
            &caller.key,
            "CreateResponsibility",
            &message.request_id,
            &message,
        )?;
        let entry = responsibility(
            &message.responsibility.unwrap_or_default(),
            "responsibility.",
            self.0.clock.now(),
        )?;
        let entry = create_responsibility(&self.0, key, scope, entry).await?;
        Ok(Response::new(responsibility_message(entry)))
    }

    async fn list_responsibilities(
        &self,
        request: Request<wire::ListResponsibilitiesRequest>,
    ) -> Result<Response<wire::ListResponsibilitiesResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        let arguments = ["responsibilities", &message.within_code];
        let after: (String, String) = page::decode(&message.page_token, &arguments)
            .map_err(Refusal::from)?
            .unwrap_or_default();
        let size = page::size(message.page_size);
        // Narrows only: a code outside of the scope results in an empty list.
        let scope = scope.within(&message.within_code);
        let lanes = &self.0.database.list_lanes;
        let mut entries = list_responsibilities(lanes, &scope, &after, size + 1)
            .await
            .map_err(Refusal::from)?;
        let more = entries.len() > usize::try_from(size).unwrap_or(usize::MAX);
        if more {
            entries.pop();
        }
        let last = entries.last().filter(|_| more);
        Ok(Response::new(wire::ListResponsibilitiesResponse {
            next_page_token: last
                // A category has at most one entry per area, so the two codes identify the
                // row that the next page continues after.
                .map(|last| page::encode(&(&last.category_code, &last.area_code), &arguments))
                .unwrap_or_default(),
            responsibilities: entries.into_iter().map(responsibility_message).collect(),
        }))
    }
}

/// Validates a message and converts it to a new category, created at `now`. `prefix` is
/// put before the field names of violations.
pub(crate) fn category(
    message: &wire::Category,
    prefix: &str,
    now: DateTime<Utc>,
) -> Result<Category, Refusal> {
    // The contract requires these in a call; the row of an import has no such rules.
    let mut missing = Vec::new();
    for (field, absent) in [
        ("code", message.code.is_empty()),
        ("name", message.name.trim().is_empty()),
        ("handling_limit", message.handling_limit.is_none()),
    ] {
        if absent {
            missing.push(required(prefix, field));
        }
    }
    // PostgreSQL can't store NUL in a text column.
    if message.name.contains('\0') {
        let what = "must not contain the character NUL";
        missing.push(FieldViolation::new(
            format!("{prefix}name"),
            Rule::StringNul,
            what,
        ));
    }
    let wanted = message.handling_limit.unwrap_or_default();
    match LimitKind::from_code(wanted.kind) {
        Some(kind) if missing.is_empty() => Ok(Category {
            id: given_or_new_id(&message.id, &format!("{prefix}id"))?,
            code: message.code.clone(),
            name: message.name.clone(),
            limit: Limit {
                kind,
                amount: wanted.amount,
            },
            created_time: Some(now),
            changed_time: Some(now),
            revision: 1,
        }),
        _ => Err(Refusal::fields(missing)),
    }
}

/// Validates a message and converts it to a new duty list entry, created at `now`.
/// `prefix` is put before the field names of violations.
pub(crate) fn responsibility(
    message: &wire::Responsibility,
    prefix: &str,
    now: DateTime<Utc>,
) -> Result<Responsibility, Refusal> {
    let mut missing = Vec::new();
    for (field, value) in [
        ("category_code", &message.category_code),
        ("area_code", &message.area_code),
        ("unit_id", &message.unit_id),
    ] {
        if value.is_empty() {
            missing.push(required(prefix, field));
        }
    }
    if !missing.is_empty() {
        return Err(Refusal::fields(missing));
    }
    Ok(Responsibility {
        id: given_or_new_id(&message.id, &format!("{prefix}id"))?,
        category_code: message.category_code.clone(),
        area_code: message.area_code.clone(),
        unit_id: id(&message.unit_id, &format!("{prefix}unit_id"))?,
        created_time: Some(now),
        changed_time: Some(now),
        revision: 1,
    })
}

fn required(prefix: &str, field: &str) -> FieldViolation {
    FieldViolation::new(format!("{prefix}{field}"), Rule::Required, "is required")
}

fn category_message(category: Category) -> wire::Category {
    let etag = etag("category", category.revision, &category);
    wire::Category {
        id: category.id.to_string(),
        code: category.code,
        name: category.name,
        handling_limit: Some(limit(category.limit)),
        revision: category.revision,
        etag,
        create_time: category.created_time.map(timestamp),
        update_time: category.changed_time.map(timestamp),
    }
}

fn responsibility_message(entry: Responsibility) -> wire::Responsibility {
    let etag = etag("responsibility", entry.revision, &entry);
    wire::Responsibility {
        id: entry.id.to_string(),
        category_code: entry.category_code,
        area_code: entry.area_code,
        unit_id: entry.unit_id.to_string(),
        revision: entry.revision,
        etag,
        create_time: entry.created_time.map(timestamp),
        update_time: entry.changed_time.map(timestamp),
    }
}
