//! Lists vacancies; `PersonService` serves them.

use tonic::Request;
use wangge_api::{date, organization::v1 as proto, refusal::Refusal};
use wangge_auth::Caller;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};

use super::page::Page;
use crate::{
    App,
    domain::appointment::Post,
    store::counts::{Vacancy, list_vacancies},
};

pub(super) async fn list(
    app: &App,
    request: Request<proto::ListVacanciesRequest>,
) -> Result<proto::ListVacanciesResponse, Refusal> {
    let (_, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    let on = date::optional(message.on_date.as_ref(), "on_date")?
        .unwrap_or_else(|| day_of(app.clock.now(), DEFAULT_ZONE));
    let arguments = vec![
        "ListVacancies".to_owned(),
        message.within_code.clone(),
        on.to_string(),
    ];
    let page: Page<(String, i16)> = Page::read(message.page_size, &message.page_token, arguments)?;
    let scope = scope.within(&message.within_code);
    // Only posts that every grid must have can be vacant; the other posts are optional.
    let posts = Post::OF_EVERY_GRID.map(Post::code);
    let pool = &app.database.calls;
    let (after, limit) = (page.after.clone(), page.limit());
    let vacancies = list_vacancies(pool, &scope, &posts, on, after, limit).await?;
    let key = |vacancy: &Vacancy| (vacancy.area_code.clone(), vacancy.post);
    let (vacancies, next_page_token) = page.close(vacancies, page.size, key);
    let vacancies = vacancies
        .into_iter()
        .map(|vacancy| proto::Vacancy {
            area_code: vacancy.area_code,
            post: vacancy.post.into(),
        })
        .collect();
    Ok(proto::ListVacanciesResponse {
        vacancies,
        next_page_token,
    })
}
