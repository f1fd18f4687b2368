package about

import "strings"

// concern is one thing that is not well: what, and the place on the page that says more.
type concern struct {
	what string
	at   text
}

// headline answers in a sentence whether all is well.
func (v *view) headline() string {
	troubles := v.troubles()
	missing, hours, accounts := v.missing()
	still := count(missing, "day part", "day parts") + " still to be exported"
	switch {
	case len(troubles) > 0:
		return "Not all is well: " + listed(troubles) + "."
	case accounts == 0:
		return "Nothing is exported yet."
	case missing == 0:
		return "All is well."
	case hours == nil:
		return "All is well, with " + still + "."
	default:
		return "All is well, with " + still + ", " + estimate(*hours) + " of work."
	}
}

// troubles says in a few phrases what Status.Troubles says in lines.
func (v *view) troubles() []string {
	var refused, broken, failed, stale []string
	days := 0
	for _, source := range v.sources {
		for _, a := range source.accounts {
			switch {
			case a.Credential.State == Refused:
				refused = append(refused, "the key of "+a.name())
			case a.Error != nil:
				broken = append(broken, a.name())
			}
			for _, d := range a.datasets {
				if n := len(d.days[Failed]); n > 0 {
					days += n
					failed = append(failed, d.Dataset.Dataset)
				}
				if d.Stale {
					stale = append(stale, d.Dataset.Dataset)
				}
			}
		}
	}
	var said []string
	add := func(names []string, one, more, are string) {
		if len(names) == 1 {
			said = append(said, names[0]+one)
		} else if len(names) > 1 {
			said = append(said, count(len(names), "", more)+are)
		}
	}
	add(refused, " is refused", "keys", " are refused")
	add(broken, " failed as a whole", "accounts", " failed as a whole")
	add(failed, " has "+count(days, "failed day", "failed days"), "datasets", " have "+count(days, "failed day", "failed days"))
	add(stale, " is stale", "datasets", " are stale")
	if n := len(v.faults); n > 0 {
		said = append(said, count(n, "object in the bucket cannot", "objects in the bucket cannot")+" be used")
	}
	return said
}

// missing counts what was never exported. The hours are those of the account that takes longest, since accounts are read
// side by side; nil where one of them does not know.
func (v *view) missing() (parts int, hours *float64, accounts int) {
	hours = new(float64)
	for _, source := range v.sources {
		for _, a := range source.accounts {
			accounts++
			parts += a.Backlog.Missing
			switch {
			case a.Backlog.Missing == 0 || hours == nil:
			case a.Backlog.Hours == nil:
				hours = nil
			default:
				*hours = max(*hours, *a.Backlog.Hours)
			}
		}
	}
	return parts, hours, accounts
}

// concerns are all things that are not well, one by one.
func (v *view) concerns() []concern {
	var found []concern
	for _, fault := range v.faults {
		found = append(found, concern{fault, ""})
	}
	for _, source := range v.sources {
		for _, a := range source.accounts {
			found = append(found, a.concerns(v)...)
		}
	}
	return found
}

func (a *accountView) concerns(v *view) []concern {
	var found []concern
	switch {
	case a.Credential.State == Refused:
		found = append(found, concern{a.name() + ": the key is refused; “yardstick secret put” stores another", a.id})
	case a.Error != nil:
		found = append(found, concern{a.name() + ": " + a.Error.Error, a.id})
	}
	for _, d := range a.datasets {
		at := a.name() + ", " + d.Dataset.Dataset
		if days := d.days[Failed]; len(days) > 0 {
			found = append(found, concern{at + ": failed on " + strings.Join(ranges(days), ", "), d.id})
		}
		if !d.Stale {
			continue
		}
		said := at + ": stale, never read"
		if d.FreshAt != nil {
			said = at + ": stale, read last " + ago(v.now, *d.FreshAt)
		}
		found = append(found, concern{said, d.id})
	}
	return found
}
