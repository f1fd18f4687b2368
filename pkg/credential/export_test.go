package credential

// Encode lets the tests write a session as the ladder does.
func Encode(s Session, over Secret) Secret { return s.encode(over) }

// First and Next are the tokens of a conditional write: at first, and after a backup was restored.
func First(replaced string) string { return digest(replaced) }

// Next is the token after token.
func Next(token string) string { return another(token) }
