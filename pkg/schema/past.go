package schema

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Eight bytes at a time.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// pastText tells where a string ends whose inside begins at a byte; less than 0 where it is broken or faulty, or may be.
func pastText(line []byte, at int) int {
	begin, ascii := at, true
	for {
		if at = pastPlain(line, at); at >= len(line) {
			return -1
		}
		switch c := line[at]; {
		case c == '"':
			if !ascii && !utf8.Valid(line[begin:at]) {
				return -1
			}
			return at + 1
		case c >= utf8.RuneSelf:
			for ascii = false; at < len(line) && line[at] >= utf8.RuneSelf; {
				at++
			}
		case c == '\\' && at+1 < len(line):
			if at = pastEscape(line, at+1); at < 0 {
				return -1
			}
		default:
			return -1
		}
	}
}

// pastPlain is the first byte from here on that is not printable ASCII that stands for itself.
func pastPlain(line []byte, at int) int {
	for ; at+8 <= len(line); at += 8 {
		w := binary.LittleEndian.Uint64(line[at:])
		quote, escape := w^'"'*ones, w^'\\'*ones
		// The lowest bit that is set is always right: a borrow can only spoil those above it.
		if odd := (w | (w-' '*ones)&^w | (quote-ones)&^quote | (escape-ones)&^escape) & highs; odd != 0 {
			return at + bits.TrailingZeros64(odd)/8
		}
	}
	for at < len(line) && line[at] >= ' ' && line[at] < utf8.RuneSelf && line[at] != '"' && line[at] != '\\' {
		at++
	}
	return at
}

// pastEscape reads what follows a backslash. Half a character is for parse.
func pastEscape(line []byte, at int) int {
	switch line[at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 1
	case 'u':
		if at += 5; at > len(line) {
			return -1
		}
		digits := line[at-4 : at]
		for _, d := range digits {
			if (d < '0' || d > '9') && (d|0x20 < 'a' || d|0x20 > 'f') {
				return -1
			}
		}
		if unit := hex(digits); unit < 0xd800 || unit > 0xdfff {
			return at
		}
	}
	return -1
}

func pastLiteral(line []byte, at int, literal string) int {
	if len(line)-at < len(literal) || string(line[at:at+len(literal)]) != literal {
		return -1
	}
	return at + len(literal)
}

// pastNumber tells which kind a number is, and where it ends. One with an exponent is for parse: no line goes on with that.
func pastNumber(line []byte, at int) (kind, int) {
	begin := at
	if line[at] == '-' {
		at++
	}
	whole := at
	digits, at := pastDigits(line, at, 0)
	switch {
	case at == whole || line[whole] == '0' && at > whole+1:
		return 0, -1
	case at < len(line) && line[at] == '.':
		return pastPlaces(line, whole, at, digits)
	case at-whole <= sureDigits:
		return kindInteger, at
	case at-whole < most64:
		return kindOfInteger(digits), at
	}
	return kindOfNumber(line[begin:at]), at
}

// pastPlaces goes on from the point of a number that begins at whole, after its sign: a sign has no part in a decimal's kind.
func pastPlaces(line []byte, whole, point int, digits uint64) (kind, int) {
	digits, at := pastDigits(line, point+1, digits)
	places, most := at-point-1, at-whole-1 // most: the significant digits are no more
	if line[whole] == '0' {
		most--
	}
	switch {
	case places == 0:
		return 0, -1
	case most <= sureDigits:
		return kindDecimal, at
	case most <= most64:
		if k, sure := kindOfDecimal(digits, places); sure {
			return k, at
		}
	}
	return kindOfNumber(line[whole:at]), at
}

// pastDigits adds digits to those before, and tells where they end.
func pastDigits(line []byte, at int, digits uint64) (uint64, int) {
	for ; at < len(line) && line[at]-'0' <= 9; at++ {
		digits = digits*10 + uint64(line[at]-'0')
	}
	return digits, at
}
