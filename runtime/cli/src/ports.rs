//! Ports on the command line: `http:8080`.

use aur_runner::Ports;
use aur_terminal::Failure;

/// Reads `name:number` or `name=number`.
pub(crate) fn parse(text: &str) -> Result<(String, u16), String> {
    let fault = || "a name and a number from 1 to 65535 are needed, such as `http:8080`".to_string();
    let (name, number) = text.rsplit_once([':', '=']).ok_or_else(fault)?;
    match number.parse() {
        Ok(number) if number > 0 && !name.is_empty() => Ok((name.to_string(), number)),
        Ok(_) | Err(_) => Err(fault()),
    }
}

/// The ports that were asked for, by name.
pub(crate) fn by_name(given: &[(String, u16)]) -> Result<Ports, Failure> {
    let mut ports = Ports::new();
    for (name, number) in given {
        let before = ports.insert(name.clone(), *number);
        if let Some(before) = before.filter(|before| before != number) {
            return Err(Failure::new(format!(
                "port `{name}` is given twice: as {before} and as {number}"
            )));
        }
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_number() {
        let read = |text| parse(text).ok();
        assert_eq!(read("http:8080"), Some(("http".to_string(), 8080)));
        assert_eq!(read("http=1"), Some(("http".to_string(), 1)));
        for bad in [
            "",
            "http",
            "http:",
            ":80",
            "http:0",
            "http:65536",
            "http:-1",
            "80",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn one_name_has_one_number() {
        let pair = |number| ("http".to_string(), number);
        assert_eq!(by_name(&[pair(1), pair(1)]).unwrap(), Ports::from([pair(1)]));
        assert!(by_name(&[pair(1), pair(2)]).is_err());
    }
}
