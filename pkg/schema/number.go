package schema

import (
	"bytes"
	"math"
	"strconv"
)

const (
	exactInteger = 1 << 53 // a double holds every whole number up to here
	sureDigits   = 15      // a double holds every decimal of so many digits
	mostDigits   = 17      // the shortest spelling of a double has no more
	sureLength   = 300     // of a spelling that can be neither too large nor too small for a double
)

// kindOfNumber says which kind a number of this spelling is.
func kindOfNumber(spelling []byte) kind {
	if bytes.ContainsAny(spelling, ".eE") {
		if doubleHolds(spelling) {
			return kindDecimal
		}
		return kindDecimalBeyond
	}
	if len(spelling) <= sureDigits {
		return kindInteger
	}
	n, err := strconv.ParseInt(string(spelling), 10, 64)
	switch {
	case err != nil:
		return kindIntegerBeyond
	case n > exactInteger || n < -exactInteger:
		return kindInteger64
	}
	return kindInteger
}

// doubleHolds says whether the double that is nearest to a decimal is spelt, in its shortest form, with the same digits:
// a reader that goes by double then shows what was sent, less zeros at the end.
func doubleHolds(spelling []byte) bool {
	var digits, shortest [mostDigits]byte
	n, exponent, fits := significant(&digits, spelling)
	if n == 0 || fits && n <= sureDigits && len(spelling) < sureLength && !bytes.ContainsAny(spelling, "eE") {
		return true
	}
	if !fits {
		return false
	}
	value, err := strconv.ParseFloat(string(spelling), 64)
	if err != nil || math.IsInf(value, 0) {
		return false
	}
	var buffer [32]byte
	m, other, _ := significant(&shortest, strconv.AppendFloat(buffer[:0], value, 'e', -1, 64))
	return exponent == other && bytes.Equal(digits[:n], shortest[:m])
}

// significant are the digits of a number without zeros at either end, and its exponent: the number is 0.digits times ten
// to that. fits is false where they are more than a double's shortest spelling has.
func significant(digits *[mostDigits]byte, spelling []byte) (n, exponent int, fits bool) {
	fits = true
	point, zeros := false, 0
	for i, c := range spelling {
		switch {
		case c == '.':
			point = true
			continue
		case c == 'e' || c == 'E':
			sent, err := strconv.Atoi(string(spelling[i+1:]))
			if err != nil {
				fits = false
			}
			return n, exponent + sent, fits
		case c == '-':
			continue
		case c == '0' && n == 0: // before the first digit that counts
			if point {
				exponent--
			}
			continue
		}
		if !point {
			exponent++
		}
		if c == '0' {
			zeros++
			continue
		}
		for ; zeros > 0 && n < mostDigits; zeros-- {
			digits[n] = '0'
			n++
		}
		if zeros > 0 || n == mostDigits {
			fits = false
			continue
		}
		digits[n] = c
		n++
	}
	return n, exponent, fits
}
