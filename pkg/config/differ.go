package config

import (
	"fmt"
	"regexp"
	"strings"
)

func item(at string, i int) string { return fmt.Sprintf("%s[%d]", at, i) }

// accountsThere finds a configuration that has nothing to export.
func (w *walk) accountsThere(d *document) {
	broken := false // a list that cannot be read has its own fault
	for _, list := range []string{"scrapright", "scrunch"} {
		n := w.nodes[list]
		broken = broken || n != nil && !isList(n)
	}
	if len(d.ScrapRight)+len(d.Scrunch) == 0 && !broken {
		w.fault("", &node{Line: 1}, "no account", "at least one account under scrapright or scrunch")
	}
}

// accountsDiffer finds accounts of one source with one name.
func (w *walk) accountsDiffer(d *document) {
	var yards, brands []string
	for _, a := range d.ScrapRight {
		yards = append(yards, a.Account)
	}
	for _, a := range d.Scrunch {
		brands = append(brands, a.Account)
	}
	w.namesDiffer("scrapright", yards)
	w.namesDiffer("scrunch", brands)
}

func (w *walk) namesDiffer(source string, names []string) {
	first := map[string]int{}
	for i, name := range names {
		if name == "" { // which is a fault already
			continue
		}
		if j, again := first[name]; again {
			at := item(source, i) + ".account"
			w.fault(at, w.nodes[at], fmt.Sprintf("%s, the name of %s", quoted(name), item(source, j)),
				"a name of its own")
			continue
		}
		first[name] = i
	}
}

// use is one mention of a secret.
type use struct {
	at   string // its key
	name string // the secret's name or ARN
	role role
}

type role int

const (
	session role = iota
	yardKey
	brandKey
	signing
)

// clashes says that two mentions may not be of one secret. A session is its account's alone; so is the API key of a
// yard, of which the vendor keeps one. Accounts at Scrunch may share a key.
func (u use) clashes(v use) bool {
	if !sameSecret(u.name, v.name) {
		return false
	}
	isKey := func(r role) bool { return r == yardKey || r == brandKey }
	return u.role == session || v.role == session ||
		isKey(u.role) && isKey(v.role) && (u.role == yardKey || v.role == yardKey)
}

// secretsDiffer finds secrets that two places share and may not.
func (w *walk) secretsDiffer(d *document) {
	var uses []use
	add := func(at, name string, r role) {
		if name != "" { // else it is a fault already
			uses = append(uses, use{at, name, r})
		}
	}
	for i, a := range d.ScrapRight {
		add(item("scrapright", i)+".api_key_secret", a.APIKeySecret, yardKey)
		add(item("scrapright", i)+".session_secret", a.SessionSecret, session)
	}
	for i, a := range d.Scrunch {
		add(item("scrunch", i)+".api_key_secret", a.APIKeySecret, brandKey)
	}
	if d.Webhook != nil {
		add("webhook.secret", d.Webhook.Secret, signing)
	}
	for i, u := range uses {
		for _, v := range uses[:i] {
			if u.clashes(v) {
				w.fault(u.at, w.nodes[u.at], "the secret that "+v.at+" names", "a secret of its own")
				break
			}
		}
	}
}

var arnSuffix = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

// sameSecret says whether names or ARNs mean one secret. An ARN ends in the name and six characters that Secrets
// Manager chose, or is partial and ends in the name. A name means the run's own account and region, which are not
// known here: it is taken for an ARN of any.
func sameSecret(a, b string) bool {
	home, name, isARN := splitARN(a)
	otherHome, otherName, otherIsARN := splitARN(b)
	if isARN && otherIsARN && home != otherHome {
		return false
	}
	return name == otherName ||
		isARN && arnSuffix.ReplaceAllString(name, "") == otherName ||
		otherIsARN && arnSuffix.ReplaceAllString(otherName, "") == name
}

// splitARN cuts an ARN in what is before the secret's name and the name. A name is not cut.
func splitARN(s string) (home, name string, isARN bool) {
	home, name, isARN = strings.Cut(s, ":secret:")
	if !isARN {
		return "", s, false
	}
	return home, name, true
}
