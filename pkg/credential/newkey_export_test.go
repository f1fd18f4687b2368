package credential

// WithKey is what PutKey makes of a secret's text.
func WithKey(text string, key Secret) (changed, found string) { return withKey(text, key) }
