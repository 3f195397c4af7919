//! Recounts the figures in plain SQL over the tables of the services that own the
//! records, and compares them with what reporting counts over its projections.

use std::collections::BTreeMap;

use sqlx::{Connection as _, PgConnection};
use wangge_tests::{DataDir, Service};

/// The SQL that counts each figure in its owner's tables. Common parts are macros,
/// expanded by [`fill`].
const COUNTS: &[(&str, Service, &str)] = &[
    (
        "responses_started",
        Service::Tickets,
        "select count(*) from ticket_order join ticket on ticket.id = ticket_id join unit_copy on \
         unit_copy.id = unit_id where unit_copy.kind = 11 and ticket.:here and accepted_time < \
         :end",
    ),
    (
        "patrols",
        Service::Tickets,
        "select count(*) from patrol where :here and start_time < :end",
    ),
    (
        "field_notes",
        Service::Tickets,
        "select count(*) from field_note where :here and noted_time < :end",
    ),
    (
        "fixed_on_the_spot",
        Service::Tickets,
        "select count(*) from ticket_history join ticket on ticket.id = ticket_id where action = \
         18 and ticket.:here and action_time < :end",
    ),
    (
        "official_check_ins",
        Service::Volunteers,
        "select count(*) from check_in_visit where :here and state = 1 and visit_time < :end",
    ),
    (
        "co_governance_members",
        Service::Organization,
        "select count(*) from membership left join unit on unit.id = unit_id left join resident on \
         resident.id = resident_id where membership.:here and :hold(membership) and :goes_on(unit) \
         and :goes_on(resident)",
    ),
    (
        "part_time_seats",
        Service::Organization,
        "select count(*) from seat join unit on unit.id = unit_id where seat.kind = 2 and \
         seat.:here and :hold(seat) and :goes_on(unit)",
    ),
    (
        "projects_matched",
        Service::Volunteers,
        "select count(*) from project where :here and :taken(match)",
    ),
    (
        "project_beneficiaries",
        Service::Volunteers,
        "select count(distinct resident_id) from beneficiary where :here and benefit_date <= \
         :last",
    ),
    (
        "deliberations_reviewed",
        Service::Tickets,
        "select count(*) from deliberation where :here and :taken(review)",
    ),
    (
        "council_meetings_held",
        Service::Tickets,
        "select count(*) from meeting where kind = 1 and :here and :day_of(start_time) between \
         date '2021-07-29' and :last and :state(planned) = 'held'",
    ),
    (
        "residents_in_need",
        Service::Organization,
        "select count(distinct resident_id) from need_tag join resident on resident.id = \
         resident_id where need_tag.:here and :hold(need_tag) and :goes_on(resident)",
    ),
    (
        "grid_branches",
        Service::Organization,
        "select count(*) from unit where kind = 3 and :here and :holds",
    ),
    (
        "group_leaders",
        Service::Organization,
        "select count(distinct person_id) from appointment left join unit on unit.id = unit_id \
         where post = 2 and appointment.:here and :hold(appointment) and :goes_on(unit)",
    ),
    (
        "centre_household_heads",
        Service::Organization,
        "select count(distinct person_id) from appointment left join unit on unit.id = unit_id \
         where post = 3 and appointment.:here and :hold(appointment) and :goes_on(unit)",
    ),
    (
        "full_time_grid_workers",
        Service::Organization,
        "select count(distinct person_id) from appointment join area on area.code = area_code \
         where post = 4 and appointment.:here and :hold(appointment) and :goes_on(area)",
    ),
    (
        "part_time_grid_workers",
        Service::Organization,
        "select count(distinct person_id) from appointment join area on area.code = area_code \
         where post = 5 and appointment.:here and :hold(appointment) and :goes_on(area)",
    ),
    (
        "group_messages",
        Service::Tickets,
        "select count(*) from group_message where :here and sent_time < :end and :state(received) \
         <> 'dismissed'",
    ),
    (
        "group_replies_in_time",
        Service::Tickets,
        "select count(*) from group_message where :here and sent_time < :end and exists (select \
         from jsonb_array_elements(steps) as step where step->>'action' = 'reply' and \
         (step->>'step_time')::timestamptz <= sent_time + interval '60 minutes')",
    ),
    (
        "chat_duty_shifts",
        Service::Tickets,
        "select count(*) from duty_shift where kind = 1 and :here and start_time < :end and \
         :state(planned) = 'planned'",
    ),
    (
        "livelihood_matters",
        Service::Tickets,
        "select count(*) from livelihood_matter where :here and created_time < :end",
    ),
    (
        "livelihood_delivered",
        Service::Tickets,
        "select count(*) from livelihood_matter where :here and :taken(deliver)",
    ),
    (
        "service_posts",
        Service::Volunteers,
        "select count(*) from service_post where :here and :holds",
    ),
    (
        "post_holders",
        Service::Volunteers,
        "select count(distinct volunteer_id) from post_holder holder join service_post post on \
         post.id = service_post_id join volunteer on volunteer.id = volunteer_id where \
         holder.:here and :hold(holder) and :goes_on(post) and :goes_on(volunteer)",
    ),
    (
        "volunteer_teams",
        Service::Volunteers,
        "select count(*) from team where :here and :holds",
    ),
    (
        "volunteers_in_teams",
        Service::Volunteers,
        "select count(distinct volunteer_id) from team_member member join team on team.id = \
         team_id join volunteer on volunteer.id = volunteer_id where member.:here and \
         :hold(member) and :goes_on(team) and :goes_on(volunteer)",
    ),
    (
        "events_held",
        Service::Volunteers,
        "select count(*) from service_event where :here and :day_of(start_time) between date \
         '2022-01-01' and :last and :state(planned) = 'held'",
    ),
    (
        "event_person_times",
        Service::Volunteers,
        "select count(*) from service_record where service_event_id is not null and :here and \
         :day_of(served_time) between date '2022-01-01' and :last and :state(recorded) = \
         'recorded'",
    ),
    (
        "route_venues",
        Service::Volunteers,
        "select count(*) from route_venue venue join venue_route route on route.id = \
         venue_route_id where venue.:here and :hold(venue) and :goes_on(route)",
    ),
    (
        "providers",
        Service::Volunteers,
        "select count(distinct unit_id) from provider_contract contract left join station on \
         station.id = station_id where contract.:here and :hold(contract) and :goes_on(station)",
    ),
    (
        "service_centres",
        Service::Volunteers,
        "select count(*) from station where kind = 1 and :here and :holds",
    ),
    (
        "service_stations",
        Service::Volunteers,
        "select count(*) from station where kind <> 1 and :here and :holds",
    ),
    (
        "deliveries_made",
        Service::Volunteers,
        "select count(*) from delivery where :here and :taken(deliver)",
    ),
    (
        "station_visits",
        Service::Volunteers,
        "select count(*) from station_visit where service_record_id is null and :here and \
         visit_time < :end",
    ),
    (
        "recurring_sessions",
        Service::Volunteers,
        "select count(*) from recurring_session session join station on station.id = station_id \
         where session.:here and :hold(session) and :goes_on(station)",
    ),
    (
        "agency_cases_delivered",
        Service::Volunteers,
        "select count(*) from agency_case where :here and :taken(deliver)",
    ),
    (
        "duty_days",
        Service::Volunteers,
        "select count(*) from station_duty where :here and duty_date <= :last",
    ),
    (
        "catalogue_items",
        Service::Volunteers,
        "select count(*) from catalogue_item item join station on station.id = station_id where \
         item.:here and :hold(item) and :goes_on(station)",
    ),
    (
        "subsidy_fen",
        Service::Volunteers,
        "select sum(amount_fen)::bigint from subsidy_entry where :here and entry_date <= :last",
    ),
    (
        "station_person_times",
        Service::Volunteers,
        "select count(*) from service_record where station_id is not null and :here and \
         served_time < :end and :state(recorded) = 'recorded'",
    ),
    (
        "need_matches",
        Service::Volunteers,
        "select count(*) from need_match where :here and match_date <= :last",
    ),
    (
        "wishes_confirmed",
        Service::Volunteers,
        "select count(*) from wish where :here and :taken(confirm)",
    ),
    (
        "field_visits",
        Service::Tickets,
        "select count(*) from field_visit where :here and visit_time < :end",
    ),
    (
        "field_errands",
        Service::Tickets,
        "select count(*) from field_visit where kind = 2 and :here and visit_time < :end",
    ),
    (
        "resident_roles",
        Service::Organization,
        "select count(*) from resident_role role join resident on resident.id = resident_id where \
         role.:here and :hold(role) and :goes_on(resident)",
    ),
    (
        "trainings",
        Service::Volunteers,
        "select count(*) from training where :here and training_date <= :last",
    ),
    (
        "certified_minutes",
        Service::Volunteers,
        "select sum(worked_minutes)::bigint from shift where :here and start_time < :end and \
         :state(open) = 'certified'",
    ),
];

/// Expands the macros in a query.
fn fill(sql: &str) -> String {
    let mut sql = sql.to_owned();
    for (name, means) in [
        (
            ":holds",
            "start_date <= :last and (end_date is null or end_date > :last)",
        ),
        (":here", "area_code like '320402003005%'"),
        (":end", "timestamptz '2022-07-29 00:00+08'"),
        (":last", "date '2022-07-28'"),
    ] {
        sql = sql.replace(name, means);
    }
    for (name, means) in [
        // Starts on or before the day and ends after it.
        (
            "hold",
            "$.start_date <= date '2022-07-28' and ($.end_date is null or $.end_date > date '2022-07-28')",
        ),
        // Doesn't end on or before the day.
        (
            "goes_on",
            "($.end_date is null or $.end_date > date '2022-07-28')",
        ),
        ("day_of", "($ at time zone 'Asia/Shanghai')::date"),
        // An action was taken by the end of the day.
        (
            "taken",
            "exists (select from jsonb_array_elements(steps) as step where step->>'action' = '$' \
            and (step->>'step_time')::timestamptz < timestamptz '2022-07-29 00:00+08')",
        ),
        // The state at the end of the day; the initial one if no step was taken.
        (
            "state",
            "coalesce((select step->>'state' from jsonb_array_elements(steps) with ordinality \
            as taken (step, number) where (step->>'step_time')::timestamptz < timestamptz '2022-07-29 00:00+08' \
            order by number desc limit 1), '$')",
        ),
    ] {
        let opening = format!(":{name}(");
        while let Some(start) = sql.find(&opening) {
            let from = start + opening.len();
            let end = from + sql[from..].find(')').expect("a closing bracket");
            let means = means.replace('$', &sql[from..end]);
            sql.replace_range(start..=end, &means);
        }
    }
    sql
}

/// Asserts that every figure of a table equals the count over its owner's tables.
pub(crate) async fn recount(data_dir: &DataDir, table: &BTreeMap<String, (i64, bool)>) {
    let mut counted = BTreeMap::new();
    for (key, owner, sql) in COUNTS {
        let options = data_dir.database(owner.name());
        let mut connection = PgConnection::connect_with(&options)
            .await
            .expect("a database");
        let sql = sqlx::AssertSqlSafe(fill(sql));
        let count: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .expect(key);
        counted.insert((*key).to_owned(), count);
    }
    let shown: BTreeMap<String, i64> = table
        .iter()
        .map(|(key, (value, _))| (key.clone(), *value))
        .collect();
    assert_eq!(counted, shown);
}
