//! Splits and rebuilds database URLs, as sqlx and libpq accept them.

/// A server's URL in parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServerAddress {
    /// Scheme, user and host, without the password.
    front: String,
    /// Query parameters, including the question mark.
    parameters: String,
    /// The password, percent-decoded.
    pub password: Option<String>,
}

impl ServerAddress {
    /// Splits the URL of any of the server's databases.
    pub(crate) fn of(url: &str) -> Self {
        let host = url.find("://").map_or(0, |at| at + 3);
        let (url, parameters) = url.split_at(url.find('?').unwrap_or(url.len()));
        let end = url
            .get(host..)
            .and_then(|rest| rest.find('/'))
            .map_or(url.len(), |at| host + at);
        let (scheme, authority) = url[..end].split_at(host.min(end));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match user.split_once(':') {
            Some((user, password)) => (user, Some(unescaped(password))),
            None => (user, None),
        };
        let at = if user.is_empty() { "" } else { "@" };
        Self {
            front: format!("{scheme}{user}{at}{host}"),
            parameters: parameters.to_owned(),
            password,
        }
    }

    /// Returns the URL of one of the server's databases, without the password: a process's
    /// arguments can be read by any user.
    pub(crate) fn of_database(&self, name: &str) -> String {
        format!("{}/{name}{}", self.front, self.parameters)
    }
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = (*first == b'%').then(|| behind.get(..2)).flatten();
        let byte = code
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_put_in_and_a_password_taken_out() {
        for (url, database, password) in [
            (
                "postgres://w@localhost/a?host=%2Ftmp%2Fx&port=5432",
                "postgres://w@localhost/b?host=%2Ftmp%2Fx&port=5432",
                None,
            ),
            (
                "postgres://w:p%40s@h:5432/a",
                "postgres://w@h:5432/b",
                Some("p@s"),
            ),
            ("postgres://h", "postgres://h/b", None),
            (
                "postgres:///a?host=/tmp/x",
                "postgres:///b?host=/tmp/x",
                None,
            ),
        ] {
            let address = ServerAddress::of(url);
            assert_eq!(address.of_database("b"), database);
            assert_eq!(address.password.as_deref(), password);
        }
    }
}
