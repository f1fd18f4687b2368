package config

import "time"

// document is the text as a whole.
type document struct {
	Config
	version int
}

func file() mapping[document] {
	return mapping[document]{
		keys: []key[document]{
			entry("version", wholeNumber(1, 1), "Version of this format.",
				func(d *document) *int { return &d.version }).must(),
			entry("bucket", bucket(), "S3 bucket that the snapshots go to.",
				func(d *document) *string { return &d.Bucket }).must(),
			entry("prefix", prefix(), `Put before every key; a "/" is added where it lacks one.`,
				func(d *document) *string { return &d.Prefix }),
			entry("scrapright", sequence("ScrapRight accounts", scrapRight().format()), "Accounts at ScrapRight.",
				func(d *document) *[]ScrapRight { return &d.ScrapRight }),
			entry("scrunch", sequence("Scrunch accounts", scrunch().format()), "Accounts at Scrunch.",
				func(d *document) *[]Scrunch { return &d.Scrunch }),
			entry("webhook", optional(webhook().format()), "How others start an export.",
				func(d *document) **Webhook { return &d.Webhook }),
		},
		also: object{{"anyOf", []object{oneOrMore("scrapright"), oneOrMore("scrunch")}}},
		check: func(w *walk, _ string, d *document) {
			w.accountsThere(d)
			w.accountsDiffer(d)
			w.secretsDiffer(d)
		},
	}
}

// oneOrMore is the schema of an object with a list of that name that is not empty.
func oneOrMore(name string) object {
	return object{
		{"required", []string{name}},
		{"properties", object{{name, object{{"minItems", 1}}}}},
	}
}

func webhook() mapping[Webhook] {
	byName := mapping[map[string]string]{
		initial: func() map[string]string { return map[string]string{} },
		keys: []key[map[string]string]{
			choice("scrapright", function(), "Function that exports from ScrapRight."),
			choice("scrunch", function(), "Function that exports from Scrunch."),
		},
		also: object{{"minProperties", 1}},
		check: func(w *walk, at string, _ *map[string]string) {
			if n := w.nodes[at]; len(n.Content) == 0 {
				w.fault(at, n, "an empty mapping", "at least one of scrapright, scrunch")
			}
		},
	}
	return mapping[Webhook]{keys: []key[Webhook]{
		entry("secret", secret().named("secret"),
			`Secret with the signing secrets: {"secrets":["whsec_..."]} or one bare whsec_...`,
			func(h *Webhook) *string { return &h.Secret }).must(),
		entry("functions", byName.format(), "Name or ARN of the function that is started, by source.",
			func(h *Webhook) *map[string]string { return &h.Functions }).must(),
	}}
}

// identity are the keys that say which account it is, and with which API key.
func identity() (account, apiKey key[Common]) {
	account = entry("account", accountName(), "Name of the account, which appears in keys.",
		func(c *Common) *string { return &c.Account }).must()
	apiKey = entry("api_key_secret", secret().named("secret"),
		`Secret with the API key, written by people: {"api_key":"..."} or the bare key.`,
		func(c *Common) *string { return &c.APIKeySecret }).must()
	return account, apiKey
}

// ofEveryAccount are the other keys that accounts of both vendors have.
func ofEveryAccount() []key[Common] {
	elapsed := duration().named("duration")
	return []key[Common]{
		entry("start", date(),
			"First day wanted. Left out: the oldest day in the ledger, else 30 days before the run. "+
				"Moving it back is a backfill.", func(c *Common) *string { return &c.Start }),
		entry("restate_days", wholeNumber(0, 365), "Closed days that stay unsettled after they end.",
			func(c *Common) *int { return &c.RestateDays }),
		entry("restate_every", elapsed, "An unsettled closed day is read again when its last reading is older; "+
			"0s: on every run.", func(c *Common) *time.Duration { return &c.RestateEvery }),
		entry("refresh", elapsed, "A listing is read again when its last reading is older; 0s: on every run.",
			func(c *Common) *time.Duration { return &c.Refresh }),
		entry("verify_after", elapsed, "A settled day is read once more when its last reading is older, after all "+
			"other work; 0: never.", func(c *Common) *time.Duration { return &c.VerifyAfter }),
		entry("guard", guard(),
			"An unsettled day or a listing that shrinks by more than half and by more than 20 rows: "+
				"warn of it, or refuse it and keep the old one.", func(c *Common) *Guard { return &c.Guard }),
	}
}

// commonDefaults are what those keys stand at when they are left out.
func commonDefaults() Common {
	return Common{
		RestateDays: 3, RestateEvery: 6 * time.Hour, Refresh: 6 * time.Hour, VerifyAfter: 720 * time.Hour,
		Guard: GuardWarn,
	}
}

// omitted are the members that a dataset's records lose.
func omitted() format[[]string] { return set("JSON pointers", inner()) }

func omitKey[T any](at func(*T) *[]string) key[T] {
	return entry("omit", omitted().named("omit"),
		"JSON pointers of members that are cut from every record before anything is stored.", at)
}

func offKey[T any](at func(*T) *bool) key[T] {
	return entry("off", boolean(), "true: not exported.", at)
}
