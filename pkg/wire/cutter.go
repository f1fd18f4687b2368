package wire

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// maxNames bounds how many names a Cutter remembers.
const maxNames = 1000

// Cutter takes objects apart, one after another. Where their names recur it allocates nothing. The zero Cutter is ready.
// It is not safe for concurrent use.
type Cutter struct {
	body  bytes.Buffer
	d     jsontext.Decoder
	names map[string]*spelling // by their spelling; nil while there was one object only
	guess []*spelling          // of the members' names by their places: as they were in the objects before; nil: not known
	found []Member
}

// spelling is a name that was met before.
type spelling struct {
	quoted string // as it is sent, and a colon
	name   string // without quotes and escapes
}

// Members is what the function of that name gives, until the next call.
func (c *Cutter) Members(v jsontext.Value) ([]Member, error) {
	if v.Kind() != '{' {
		return nil, errors.New(Shape(v))
	}
	if c.cut(v, blank(v, 0)) >= 0 {
		return c.found, nil
	}
	return c.decode(v)
}

// cut goes past the object at i and finds its members.
func (c *Cutter) cut(b []byte, i int) int {
	c.begin()
	for i, more := opened(b, i); ; i, more = parted(b, i, '}') {
		if i < 0 || !more {
			return i
		}
		name, begin := c.named(b, i)
		if begin < 0 {
			return begin
		}
		if i = scanValue(b, begin); i < 0 {
			return i
		}
		c.found = append(c.found, Member{Name: name, Value: b[begin:i]})
	}
}

// named goes past the name at i and its colon. It is likely the one that stood in the same place before.
func (c *Cutter) named(b []byte, i int) (name string, at int) {
	place := len(c.found)
	if place == len(c.guess) {
		c.guess = append(c.guess, nil)
	}
	if s := c.guess[place]; s != nil {
		if at = i + len(s.quoted); at < len(b) && b[at] > ' ' && string(b[i:at]) == s.quoted {
			return s.name, at // white space behind the colon, or before it, is seldom
		}
	}
	end := scanName(b, i)
	if end < 0 {
		return "", end
	}
	name, c.guess[place] = c.name(b[i:scanText(b, i)])
	return name, end
}

func (c *Cutter) begin() {
	if c.names == nil && c.found != nil {
		c.names = map[string]*spelling{}
	}
	c.found = c.found[:0]
}

// decode is cut by the tokenizer, whose word counts.
func (c *Cutter) decode(v jsontext.Value) ([]Member, error) {
	c.begin()
	c.body = *bytes.NewBuffer(v)
	reset(&c.d, &c.body)
	if _, err := c.d.ReadToken(); err != nil {
		return nil, err
	}
	for c.d.PeekKind() != '}' {
		quoted, err := c.d.ReadValue()
		if err != nil {
			return nil, err
		}
		name, _ := c.name(quoted)
		value, err := c.d.ReadValue()
		if err != nil {
			return nil, err
		}
		end := c.d.InputOffset()
		c.found = append(c.found, Member{Name: name, Value: v[end-int64(len(value)) : end]})
	}
	return c.found, nil
}

// name is a member's name without quotes and escapes, and how it is spelt if that is remembered.
func (c *Cutter) name(quoted jsontext.Value) (string, *spelling) {
	if s, ok := c.names[string(quoted)]; ok {
		return s.name, s
	}
	name := Text(quoted)
	if c.names == nil || len(c.names) >= maxNames {
		return name, nil
	}
	s := &spelling{quoted: string(quoted) + ":", name: name}
	c.names[s.quoted[:len(quoted)]] = s
	return name, s
}
