//! One service is down; the others keep working.

use tonic::Code;
use wangge_api::{
    policy::Role,
    tickets::v1::{CreateTicketRequest, FileTicketRequest},
};
use wangge_tests::{
    Service, World,
    city::{make_ground, report, request_id, tickets},
    raw, until,
};

/// Reports are accepted and handled with tickets' own copies of reference data.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_taken_while_organization_is_down() {
    let world = World::start().await;
    make_ground(&world).await;
    world.stop(Service::Organization);
    let channel = world.bare(Service::Organization);
    until(|| async {
        let answer = raw::call(&channel, None, "/", &[]).await;
        (answer.code() == Code::Cancelled || answer.code() == Code::Unavailable).then_some(())
    })
    .await;
    let mut staff = tickets(&world, Role::Staff, "", None);
    for _ in 0..5 {
        let request = CreateTicketRequest {
            request_id: request_id(),
            ticket: Some(report()),
        };
        let ticket = staff
            .create_ticket(request)
            .await
            .expect("a ticket")
            .into_inner();
        let request = FileTicketRequest {
            request_id: request_id(),
            ticket_id: ticket.id,
            ..Default::default()
        };
        staff.file_ticket(request).await.expect("filed");
    }
}
