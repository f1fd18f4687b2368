package wire

import (
	"encoding/binary"
	"math/bits"
)

// A scan goes over JSON in one pass and says where things end. It takes nothing that jsontext refuses, repeated names and
// bytes that are no UTF-8 let through; what a scan does not take is left to jsontext, which knows why, or takes it after
// all. A position below 0 is one of these:
const (
	broken = -1 // no JSON, or JSON that is nested deeper than a scan goes
	cut    = -2 // the text ends before the value does
)

// maxScan is how deep arrays and objects may stand in one another for a scan.
const maxScan = 64

// blank goes past white space.
func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// scanValue is scan, and makes less of a string or a number.
func scanValue(b []byte, i int) int {
	switch {
	case i >= len(b):
		return cut
	case b[i] == '"':
		return scanText(b, i)
	case isDigit(b[i]):
		return scanNumber(b, i)
	}
	return scan(b, i)
}

// scan goes past the value that begins at i.
func scan(b []byte, i int) int {
	var objects uint64 // bit n: what stands open at depth n is an object
	depth := 0
	for {
		if i >= len(b) {
			return cut
		}
		switch c := b[i]; c {
		case '"':
			i = scanText(b, i)
		case '{', '[':
			if depth++; depth > maxScan {
				return broken
			}
			objects <<= 1
			if c == '{' {
				objects |= 1
			}
			if i = blank(b, i+1); i >= len(b) {
				return cut
			}
			if b[i] == c+2 {
				i, depth, objects = i+1, depth-1, objects>>1
				break
			}
			if c == '{' {
				if i = scanName(b, i); i < 0 {
					return i
				}
			}
			continue
		default:
			i = scanScalar(b, i)
		}
		for { // behind a value
			if i < 0 || depth == 0 {
				return i
			}
			if i < len(b) && b[i] <= ' ' {
				i = blank(b, i)
			}
			if i >= len(b) {
				return cut
			}
			c := b[i]
			if c == ',' {
				break
			}
			if c != ']'+byte(objects&1)<<5 { // } where it is an object
				return broken
			}
			i, depth, objects = i+1, depth-1, objects>>1
		}
		i++
		if i < len(b) && b[i] <= ' ' {
			i = blank(b, i)
		}
		if objects&1 != 0 {
			if i = scanName(b, i); i < 0 {
				return i
			}
		}
	}
}

// scanName goes past a member's name and its colon, to the value.
func scanName(b []byte, i int) int {
	if i >= len(b) {
		return cut
	}
	if b[i] != '"' {
		return broken
	}
	if i = scanText(b, i); i < 0 {
		return i
	}
	return scanColon(b, i)
}

// scanColon goes past the colon behind a name, to the value.
func scanColon(b []byte, i int) int {
	if i+1 < len(b) && b[i] == ':' && b[i+1] > ' ' {
		return i + 1
	}
	if i = blank(b, i); i >= len(b) {
		return cut
	}
	if b[i] != ':' {
		return broken
	}
	return blank(b, i+1)
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// ends has the high bit of the first byte set, of eight, that is a quote, a backslash or a control character. Bits behind
// that one may be set without a reason.
func ends(eight uint64) uint64 {
	quote, backslash := eight^(ones*'"'), eight^(ones*'\\')
	return ((quote-ones)&^quote | (backslash-ones)&^backslash | (eight-ones*' ')&^eight) & highs
}

// scanText goes past the string whose quote stands at i.
func scanText(b []byte, i int) int {
	i++
	for {
		for i+8 <= len(b) {
			found := ends(binary.LittleEndian.Uint64(b[i:]))
			if found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
			i++ // of the last seven
		}
		switch {
		case i >= len(b):
			return cut
		case b[i] == '"':
			return i + 1
		case b[i] != '\\':
			return broken
		}
		if i = scanEscape(b, i+1); i < 0 {
			return i
		}
	}
}

// scanEscape goes past what follows a backslash.
func scanEscape(b []byte, i int) int {
	if i >= len(b) {
		return cut
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for n := 1; n <= 4; n++ {
			if i+n >= len(b) {
				return cut
			}
			if c := b[i+n]; !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
				return broken
			}
		}
		return i + 5
	}
	return broken
}

func isDigit(c byte) bool { return c-'0' < 10 }

// scanScalar goes past a number or a literal.
func scanScalar(b []byte, i int) int {
	literal := ""
	switch c := b[i]; {
	case c == 't':
		literal = "true"
	case c == 'f':
		literal = "false"
	case c == 'n':
		literal = "null"
	case c == '-' || isDigit(c):
		return scanNumber(b, i)
	default:
		return broken
	}
	if len(b)-i < len(literal) {
		return cut // or broken: whoever reads on will see
	}
	if string(b[i:i+len(literal)]) != literal {
		return broken
	}
	return i + len(literal)
}

// scanNumber goes past a number. One that the text ends with may go on.
func scanNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b):
		return cut
	case b[i] == '0':
		i++
	default:
		if i = scanDigits(b, i); i < 0 {
			return i
		}
	}
	if i < len(b) && b[i] == '.' {
		if i = scanDigits(b, i+1); i < 0 {
			return i
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return scanDigits(b, i)
	}
	return i
}

// scanDigits goes past digits, of which there has to be one.
func scanDigits(b []byte, i int) int {
	if i >= len(b) {
		return cut
	}
	if !isDigit(b[i]) {
		return broken
	}
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}
