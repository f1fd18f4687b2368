package stack

import (
	"context"
	"fmt"
	"strings"

	"yardstick/pkg/app"
)

// compareSecrets looks whether the secrets have the names by which the roles may read them, and are there. What is in
// them app.App's Check tells.
func (c *comparison) compareSecrets(ctx context.Context) {
	for _, a := range c.Configured.ScrapRight {
		c.compareNames(app.ScrapRight, a.Account, map[string]string{"api_key_secret": a.APIKeySecret, "session_secret": a.SessionSecret})
		c.sessionThere(ctx, a.Account, a.SessionSecret)
	}
	for _, a := range c.Configured.Scrunch {
		c.compareNames(app.Scrunch, a.Account, map[string]string{"api_key_secret": a.APIKeySecret})
	}
}

// secretName is the name by which the roles may read a secret.
func secretName(source, account, key string) string {
	return fmt.Sprintf("yardstick/%s/%s/%s", source, account, map[string]string{"api_key_secret": "api-key", "session_secret": "session"}[key])
}

func (c *comparison) compareNames(source, account string, names map[string]string) {
	for _, key := range []string{"api_key_secret", "session_secret"} {
		configured, there := names[key]
		name := secretName(source, account, key)
		if !there || c.sameSecret(configured, name) {
			continue
		}
		c.change(app.Fault, key, fmt.Sprintf("%s is not the name that the stack's roles may read; change these lines of the configuration", configured),
			source+":", "  - account: "+account, fmt.Sprintf("    %s: %s", key, name))
		c.own(source, account)
	}
}

// sessionThere tells of a session's secret that is missing. Functions may make one where the stack does not.
func (c *comparison) sessionThere(ctx context.Context, account, name string) {
	there, err := c.HasSecret(ctx, name)
	if err != nil || there {
		return // Check tells of what cannot be read
	}
	c.absent[account] = true
	if c.makesSecrets() {
		c.tell(app.Fault, "session_secret", "%s is not there: the stack has one for each of Accounts, and its functions may make none; "+
			"create it without a value", name)
		c.own(app.ScrapRight, account)
	}
}

// makesSecrets says that the stack has the accounts' secrets, so that its functions may not make any.
func (c *comparison) makesSecrets() bool { return c.parameters["NewSecrets"] != "no" }

// secretARN is a configured secret as IAM knows it. A name and a partial ARN lack the six characters that Secrets Manager
// chose; any serve.
func (c *comparison) secretARN(configured string) string {
	if !strings.HasPrefix(configured, "arn:") {
		configured = c.arn("secretsmanager", "secret:"+configured)
	}
	if suffix.MatchString(configured) {
		return configured
	}
	return configured + "-AbCdEf"
}

// own makes the last finding one of an account.
func (c *comparison) own(source, account string) {
	last := &c.findings[len(c.findings)-1]
	last.Source, last.Account = source, account
}
