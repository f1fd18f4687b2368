package about

import (
	"fmt"
	"strings"
)

// Troubles are what somebody should see to, in words, a line each; none where all is well. What is missing and not stale
// is not among them: the next runs read it.
func (s Status) Troubles() []string {
	var troubles []string
	add := func(format string, args ...any) { troubles = append(troubles, fmt.Sprintf(format, args...)) }
	for _, source := range s.Sources {
		for _, a := range source.Accounts {
			name := source.Source + "/" + a.Account
			switch {
			case a.Credential.State == Refused:
				add("%s: its API key was refused", name)
			case a.Error != nil:
				add("%s: its newest run failed: %s", name, a.Error.Kind)
			}
			for _, d := range a.Datasets {
				if n := d.Count(Failed); n > 0 {
					add("%s %s: %s failed", name, d.Dataset, days(n))
				}
			}
			stale, all := a.stale()
			switch {
			case len(stale) == 0:
			case all:
				add("%s: stale", name)
			default:
				add("%s: stale: %s", name, strings.Join(stale, ", "))
			}
		}
	}
	if n := len(s.Faults); n == 1 {
		add("an object in the bucket cannot be used")
	} else if n > 1 {
		add("%d objects in the bucket cannot be used", n)
	}
	return troubles
}

// Count is how many days of the dataset are in a state.
func (d Dataset) Count(state State) int {
	n := 0
	for _, m := range d.Months {
		n += strings.Count(m.Days, string(state))
	}
	return n
}

// stale are the stale datasets, and all says whether these are all that there are.
func (a Account) stale() (names []string, all bool) {
	for _, d := range a.Datasets {
		if d.Stale {
			names = append(names, d.Dataset)
		}
	}
	return names, len(names) == len(a.Datasets)
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
