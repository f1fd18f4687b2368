package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const maxRedirects = 5

func isRedirect(a *answer) bool {
	switch a.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return a.Header.Get("Location") != ""
	}
	return false
}

// follow turns the call to where a redirect leads, or refuses to: its headers go to the host they were meant for, and
// to no other.
func (c *call) follow(a *answer) error {
	location := a.Header.Get("Location")
	refuse := func(to, reason string) error {
		if c.veil.over(location) != location {
			to = redacted // the host alone could be a part of what was echoed
		}
		return &RedirectError{Method: c.Method, Path: c.Path, Status: a.Status,
			To: c.veil.Show(to, maxMessage), Reason: "not followed, " + reason}
	}
	target, err := c.url.Parse(location)
	if err != nil {
		return refuse("an unreadable address", "since it could lead anywhere")
	}
	to := target.Scheme + "://" + target.Host
	switch {
	case c.Token || c.Once:
		return refuse(to, "since this call goes to one address only")
	case c.Method != http.MethodGet:
		return refuse(to, "since only a GET is followed")
	case target.User != nil || target.Opaque != "" || origin(target) != origin(c.base):
		return refuse(to, fmt.Sprintf("since it leaves %s; check the configured url", origin(c.base)))
	case c.hops == maxRedirects:
		return refuse(to, fmt.Sprintf("since it is the redirect number %d in a row", maxRedirects+1))
	}
	c.hops++
	target.Fragment, target.RawFragment = "", ""
	c.url = target
	return nil
}

// origin is scheme, host and port, spelt in one way.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
