package schema

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// faultless says of a string's inside that it has neither escapes nor anything beyond ASCII.
func faultless(inside []byte) bool {
	for _, c := range inside {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// faultsOf finds in a quoted string what some readers cannot take.
func faultsOf(quoted []byte) (f fault) {
	if faultless(quoted) {
		return 0
	}
	if !utf8.Valid(quoted) {
		f |= invalid
	}
	if loneSurrogate(quoted) {
		f |= surrogate
	}
	return f
}

// loneSurrogate says whether a valid JSON string escapes half of a surrogate pair without the other.
func loneSurrogate(quoted []byte) bool {
	for i := 0; i < len(quoted); i++ {
		if quoted[i] != '\\' {
			continue
		}
		if i++; quoted[i] != 'u' {
			continue
		}
		unit := hex(quoted[i+1 : i+5])
		i += 4
		switch {
		case unit < 0xd800 || unit > 0xdfff:
		case unit > 0xdbff || i+6 >= len(quoted) || quoted[i+1] != '\\' || quoted[i+2] != 'u':
			return true
		default:
			if low := hex(quoted[i+3 : i+7]); low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += 6
		}
	}
	return false
}

func hex(digits []byte) (v uint32) {
	for _, d := range digits {
		v = v<<4 | uint32(d&0xf)
		if d > '9' {
			v += 9
		}
	}
	return v
}

// fold gives all spellings of a name that differ only in case the same one.
func fold(name []byte) []byte {
	return bytes.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, name)
}

// hashed is a name of an object of which no names are kept.
type hashed struct{ name, folded uint64 }

// unknown goes past the rest of an object of which no names are kept, looking only for what readers cannot take.
func (s *Schema) unknown() {
	base := len(s.names)
	for s.tape[s.at].kind != '}' {
		t := s.tape[s.at]
		s.at++
		raw := s.line[t.start:t.end]
		s.judge(raw)
		name := s.unescaped(raw)
		s.names = append(s.names, hashed{maphash.Bytes(seed, name), maphash.Bytes(seed, fold(name))})
		s.value(nil)
	}
	s.at++
	own := s.names[base:]
	slices.SortFunc(own, func(a, b hashed) int {
		return cmp.Or(cmp.Compare(a.folded, b.folded), cmp.Compare(a.name, b.name))
	})
	for i := 1; i < len(own); i++ {
		switch {
		case own[i].name == own[i-1].name:
			s.faults |= repeated
		case own[i].folded == own[i-1].folded:
			s.faults |= byCase
		}
	}
	s.names = s.names[:base]
}

var seed = maphash.MakeSeed()

// quoted spells a name as JSON does.
func quoted(name string) string {
	text, _ := jsontext.AppendQuote(nil, name) // its error is invalid UTF-8, which no name here has
	return string(text)
}
