package stack

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"yardstick/pkg/app"
)

// sources are those that there are, in the order of results.
var sources = []string{app.ScrapRight, app.Scrunch}

// exporters are the functions that export, by their logical ids.
var exporters = map[string]string{app.ScrapRight: "ScrapRightExport", app.Scrunch: "ScrunchExport"}

// compareParameters compares what the stack was made for with what the configuration has.
func (c *comparison) compareParameters() {
	before := len(c.findings)
	c.compareAccounts()
	c.compareSources()
	c.compareBucket()
	c.compareWebhook()
	if len(c.findings) == before {
		c.tell(app.OK, "parameters", "Accounts, Sources, BucketName, Prefix and Webhook fit the configuration")
	}
}

func (c *comparison) compareAccounts() {
	const subject = "Accounts"
	have, want := c.list(subject), []string{}
	for _, account := range slices.Concat(c.accounts(app.ScrapRight), c.accounts(app.Scrunch)) {
		if !slices.Contains(want, account) {
			want = append(want, account)
		}
	}
	if missing := without(want, have); len(missing) > 0 {
		c.change(app.Fault, subject, fmt.Sprintf("the stack's roles and tables do not know the configured %s; change this line of parameters.yaml",
			accounts(missing)), "Accounts: "+strings.Join(slices.Concat(have, missing), ","))
	}
	if unused := without(have, want); len(unused) > 0 {
		message := fmt.Sprintf("the configuration has no %s: secrets of it cost money, and nothing reads them", accounts(unused))
		if rest := without(have, unused); len(rest) > 0 && len(without(want, have)) == 0 {
			c.change(app.Warn, subject, message+"; change this line of parameters.yaml", "Accounts: "+strings.Join(rest, ","))
			return
		}
		c.tell(app.Warn, subject, "%s", message)
	}
}

func (c *comparison) compareSources() {
	const subject = "Sources"
	have := c.list(subject)
	var want []string
	for _, source := range sources {
		if len(c.accounts(source)) > 0 {
			want = append(want, source)
		}
	}
	line := "Sources: " + strings.Join(want, ",")
	if missing := without(want, have); len(missing) > 0 {
		c.change(app.Fault, subject, fmt.Sprintf("the stack exports no %s, of which the configuration has accounts; change this line of parameters.yaml",
			strings.Join(missing, ", ")), line)
		return
	}
	if unused := without(have, want); len(unused) > 0 {
		c.change(app.Warn, subject, fmt.Sprintf("the configuration has no account of %s, and its function runs for nothing; change this line of parameters.yaml",
			strings.Join(unused, ", ")), line)
	}
}

func (c *comparison) compareBucket() {
	if have, want := c.parameters["BucketName"], c.Configured.Bucket; have != want {
		c.change(app.Fault, "BucketName", fmt.Sprintf("the stack's bucket is %s and the configuration's is %s, which the functions may not use; "+
			"change this line of the configuration", have, want), "bucket: "+have)
	}
	if have, want := c.parameters["Prefix"], c.Configured.Prefix; have != want {
		c.change(app.Fault, "Prefix", fmt.Sprintf("the stack's prefix is %q and the configuration's is %q, below which the functions may not write; "+
			"change this line of the configuration", have, want), fmt.Sprintf("prefix: %q", have))
	}
}

func (c *comparison) compareWebhook() {
	const subject, secret = "Webhook", "yardstick/webhook"
	switch on, webhook := c.on(subject), c.Configured.Webhook; {
	case on && webhook == nil:
		c.change(app.Fault, subject, "the stack takes webhooks and the configuration has no `webhook`, so each is refused; "+
			"add these lines to the configuration, or set Webhook: off in parameters.yaml", c.webhookLines(sourcesOf(c.Configured))...)
	case !on && webhook != nil:
		c.change(app.Warn, subject, "the configuration has `webhook` and no function of the stack takes any; "+
			"take it out, or change this line of parameters.yaml", "Webhook: on")
	case on:
		named := slices.DeleteFunc(slices.Clone(sources), func(source string) bool { return webhook.Functions[source] == "" })
		if !c.sameSecret(webhook.Secret, secret) {
			c.change(app.Fault, subject, fmt.Sprintf("webhook.secret is %s, which the function may not read; change these lines of the configuration",
				webhook.Secret), c.webhookLines(named)...)
		}
		for _, source := range named {
			if function := c.physical(exporters[source]); !c.sameFunction(webhook.Functions[source], function) {
				c.change(app.Fault, subject, fmt.Sprintf("webhook.functions.%s is %s, and the stack's function is %s; change these lines of the configuration",
					source, webhook.Functions[source], orNone(function)), c.webhookLines(named)...)
				return
			}
		}
	}
}

// webhookLines are the configuration's lines by which webhooks start these sources.
func (c *comparison) webhookLines(named []string) []string {
	lines := []string{"webhook:", "  secret: yardstick/webhook", "  functions:"}
	for _, source := range named {
		if function := c.physical(exporters[source]); function != "" {
			lines = append(lines, fmt.Sprintf("    %s: %s", source, function))
		}
	}
	return lines
}

func sourcesOf(configured *app.Config) []string {
	var named []string
	if len(configured.ScrapRight) > 0 {
		named = append(named, app.ScrapRight)
	}
	if len(configured.Scrunch) > 0 {
		named = append(named, app.Scrunch)
	}
	return named
}

// sameFunction says whether a name or ARN, whole or partial and with a qualifier or without, is the stack's function.
func (c *comparison) sameFunction(configured, physical string) bool {
	place, name, isARN := strings.Cut(configured, "function:")
	if !isARN {
		name = configured
	}
	name, _, _ = strings.Cut(name, ":")
	home := c.arn("lambda", "")
	return physical != "" && name == physical && (!isARN || place == home || place == c.account+":")
}

var suffix = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

// sameSecret says whether a name or ARN is that of a secret of this name in the stack's account and region.
func (c *comparison) sameSecret(configured, name string) bool {
	home := c.arn("secretsmanager", "secret:")
	rest, isARN := strings.CutPrefix(configured, home)
	return configured == name || isARN && (rest == name || suffix.ReplaceAllString(rest, "") == name)
}

// without are the items of a list that another does not have.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(item string) bool { return slices.Contains(other, item) })
}

func accounts(names []string) string {
	if len(names) == 1 {
		return "account " + names[0]
	}
	return "accounts " + strings.Join(names, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
