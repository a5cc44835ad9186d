/* Vectors of trajectories, one a lane, and elementary functions on them.

   Compiled with REAL as double or float (and SINGLE defined for float). Every function works lane by lane, without a
   branch, to a relative error under 1e-12 in double precision; special values follow IEEE 754. Polynomials are Taylor
   series where they converge fast, and otherwise Chebyshev fits of the functions named beside them. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#if BYTES > 16
#include <immintrin.h>
#endif

#ifdef SINGLE
typedef int32_t WHOLE;
typedef uint32_t BITS;
#define MANTISSA 23
#define BIAS 127
#define BITS_OF_ROOT_HALF 0x3f3504f3u
#define EXP_LOW -104.0
#define EXP_HIGH 89.0
#else
typedef int64_t WHOLE;
typedef uint64_t BITS;
#define MANTISSA 52
#define BIAS 1023
#define BITS_OF_ROOT_HALF 0x3fe6a09e667f3bcdull
#define EXP_LOW -746.0
#define EXP_HIGH 710.0
#endif

#define LANES (BYTES / (int)sizeof(REAL))
typedef REAL V __attribute__((vector_size(BYTES)));
typedef BITS U __attribute__((vector_size(BYTES)));
#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))

INLINE V splat(REAL x) { return (V){0} + x; }
#define SPLAT(x) splat((REAL)(x))

/* Masks: true or false in each lane. */
#if BYTES == 64
#ifdef SINGLE
typedef __mmask16 M;
#define COMPARE(a, b, how) _mm512_cmp_ps_mask((__m512)(a), (__m512)(b), how)
INLINE V SEL(M m, V a, V b) { return (V)_mm512_mask_blend_ps(m, (__m512)b, (__m512)a); }
INLINE V sqrt_v(V x) { return (V)_mm512_sqrt_ps((__m512)x); }
#else
typedef __mmask8 M;
#define COMPARE(a, b, how) _mm512_cmp_pd_mask((__m512d)(a), (__m512d)(b), how)
INLINE V SEL(M m, V a, V b) { return (V)_mm512_mask_blend_pd(m, (__m512d)b, (__m512d)a); }
INLINE V sqrt_v(V x) { return (V)_mm512_sqrt_pd((__m512d)x); }
#endif
#define LT(a, b) COMPARE(a, b, _CMP_LT_OQ)
#define LE(a, b) COMPARE(a, b, _CMP_LE_OQ)
#define EQ(a, b) COMPARE(a, b, _CMP_EQ_OQ)
#define NE(a, b) COMPARE(a, b, _CMP_NEQ_UQ)
#define NONE ((M)0)
#else
typedef WHOLE M __attribute__((vector_size(BYTES)));
#define LT(a, b) ((M)((a) < (b)))
#define LE(a, b) ((M)((a) <= (b)))
#define EQ(a, b) ((M)((a) == (b)))
#define NE(a, b) ((M)((a) != (b)))
#define NONE ((M){0})
INLINE V SEL(M m, V a, V b) { return (V)((m & (M)a) | (~m & (M)b)); }
INLINE V sqrt_v(V x) {
#if BYTES == 32 && defined(SINGLE)
    return (V)_mm256_sqrt_ps((__m256)x);
#elif BYTES == 32
    return (V)_mm256_sqrt_pd((__m256d)x);
#else
    for (int i = 0; i < LANES; i++) x[i] = sizeof(REAL) == 4 ? __builtin_sqrtf(x[i]) : __builtin_sqrt(x[i]);
    return x;
#endif
}
#endif
#define GT(a, b) LT(b, a)
#define GE(a, b) LE(b, a)
#define AND(a, b) ((M)((a) & (b)))
#define OR(a, b) ((M)((a) | (b)))
#define NOT(a) ((M)(~(a)))
#define SAME(a, b) ((M)(~((a) ^ (b))))
#define CHOOSE(m, a, b) ((M)(((m) & (a)) | (~(m) & (b))))
#define ALL NOT(NONE)

/* As in the reference, the larger or smaller of two is not a number where either is not. MAXC and MINC: b is. */
INLINE V MAX(V a, V b) { return SEL(OR(LT(b, a), NE(a, a)), a, b); }
INLINE V MIN(V a, V b) { return SEL(OR(LT(a, b), NE(a, a)), a, b); }
INLINE V MAXC(V a, V b) { return SEL(LT(a, b), b, a); }
INLINE V MINC(V a, V b) { return SEL(LT(b, a), b, a); }

#define SIGN_BIT ((U){0} + ((BITS)1 << (8 * sizeof(REAL) - 1)))
INLINE V abs_v(V x) { return (V)((U)x & ~SIGN_BIT); }
INLINE V signed_as(V size, V sign) { return (V)(((U)size & ~SIGN_BIT) | ((U)sign & SIGN_BIT)); }
INLINE V sign_v(V x) { return SEL(EQ(x, SPLAT(0)), x, SEL(NE(x, x), x, signed_as(SPLAT(1), x))); }

/* Adding 1.5 × 2^MANTISSA leaves a whole number in the low bits. */
#define ROUNDER (1.5 * (REAL)((BITS)1 << MANTISSA))
#define LOG2_E 0x1.71547652b82fep+0
#define LN2 0x1.62e42fefa39efp-1
#ifdef SINGLE
#define LN2_HIGH 0x1.62e4p-1
#define LN2_LOW 0x1.7f7d1cp-20
#else
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#endif

INLINE V power_of_two(V k) { return (V)(((U)(k + SPLAT(ROUNDER)) << MANTISSA) + ((BITS)BIAS << MANTISSA)); }

/* e^r − 1 for |r| ≤ ½ ln 2: Taylor series. */
INLINE V small_expm1(V r) {
    V r2 = r * r, r4 = r2 * r2;
    V low = (SPLAT(1.0 / 6) + SPLAT(1.0 / 24) * r) + (SPLAT(1.0 / 120) + SPLAT(1.0 / 720) * r) * r2;
#ifdef SINGLE
    V q = low + SPLAT(1.0 / 5040) * r4;
#else
    V high = (SPLAT(1.0 / 5040) + SPLAT(1.0 / 40320) * r) + (SPLAT(1.0 / 362880) + SPLAT(1.0 / 3628800) * r) * r2;
    V q = low + r4 * (high + r4 * (SPLAT(1.0 / 39916800) + SPLAT(1.0 / 479001600) * r));
#endif
    return r + r2 * (SPLAT(0.5) + r * q);
}

/* x = k ln 2 + r: returns r and the whole number k. */
INLINE V reduced(V x, V *k) {
    *k = (x * SPLAT(LOG2_E) + SPLAT(ROUNDER)) - SPLAT(ROUNDER);
    return (x - *k * SPLAT(LN2_HIGH)) - *k * SPLAT(LN2_LOW);
}

INLINE V exp_v(V x) {
    V k;
    V within = MINC(MAXC(x, SPLAT(EXP_LOW)), SPLAT(EXP_HIGH));
    V p = SPLAT(1) + small_expm1(reduced(within, &k));
    V half = (k * SPLAT(0.5) + SPLAT(ROUNDER)) - SPLAT(ROUNDER); /* two factors, so that neither leaves the range */
    return p * power_of_two(half) * power_of_two(k - half);
}

/* e^x − 1 where it is far from overflow. */
INLINE V bounded_expm1(V x) {
    V k;
    V p = small_expm1(reduced(x, &k));
    V scale = power_of_two(k);
    return scale * p + (scale - SPLAT(1));
}

INLINE V expm1_v(V x) {
    V near = bounded_expm1(MINC(MAXC(x, SPLAT(-60)), SPLAT(1)));
    return SEL(GT(x, SPLAT(1)), exp_v(x) - SPLAT(1), near);
}

#define SMALLEST_NORMAL (SPLAT(sizeof(REAL) == 4 ? 0x1p-126 : 0x1p-1022))

/* ln x = e ln 2 + 2 artanh(f / (2 + f)), 1 + f = x / 2^e between √½ and √2. */
INLINE V log_v(V x) {
    M tiny = LT(x, SMALLEST_NORMAL);
    U bits = (U)SEL(tiny, x * SPLAT(0x1p54), x);
    U q = (bits + (((BITS)BIAS << MANTISSA) - BITS_OF_ROOT_HALF)) >> MANTISSA;
    V f = (V)(bits - ((q - BIAS) << MANTISSA)) - SPLAT(1);
    V e = (V)(q | ((BITS)(BIAS + MANTISSA) << MANTISSA)) - SPLAT((REAL)((BITS)1 << MANTISSA) + BIAS);
    e = e - SEL(tiny, SPLAT(54), SPLAT(0));
    V s = f / (f + SPLAT(2)), z = s * s, z2 = z * z;
    V low = (SPLAT(2.0 / 3) + SPLAT(2.0 / 5) * z) + (SPLAT(2.0 / 7) + SPLAT(2.0 / 9) * z) * z2;
#ifdef SINGLE
    V p = low;
#else
    V z4 = z2 * z2;
    V high = (SPLAT(2.0 / 11) + SPLAT(2.0 / 13) * z) + (SPLAT(2.0 / 15) + SPLAT(2.0 / 17) * z) * z2;
    V p = low + z4 * (high + z4 * (SPLAT(2.0 / 19) + SPLAT(2.0 / 21) * z));
#endif
    V result = e * SPLAT(LN2_HIGH) + ((s + s) + (s * z * p + e * SPLAT(LN2_LOW)));
    V odd = SEL(GT(x, SPLAT(0)), x, SEL(EQ(x, SPLAT(0)), SPLAT(-__builtin_inf()), SPLAT(__builtin_nan(""))));
    return SEL(AND(GT(x, SPLAT(0)), LT(x, SPLAT(__builtin_inf()))), result, odd);
}

INLINE V log1p_v(V x) {
    V u = SPLAT(1) + x;
    V result = log_v(u) + (x - (u - SPLAT(1))) / u;
    return SEL(AND(GT(x, SPLAT(-1)), LT(x, SPLAT(__builtin_inf()))), result, log_v(u));
}

INLINE V tanh_v(V x) {
    V e = bounded_expm1(MINC(SPLAT(2) * abs_v(x), SPLAT(44)));
    return signed_as(e / (e + SPLAT(2)), x);
}

INLINE V logistic_v(V x) { return SPLAT(1) / (SPLAT(1) + exp_v(-x)); }

/* a to the power b from its size, exp(b ln |a|): the sign of a negative base by the parity of a whole exponent. */
INLINE V power_v(V a, V b, V size) {
    V shifted = b + SPLAT(ROUNDER);
    M large = GE(abs_v(b), SPLAT((REAL)((BITS)1 << (MANTISSA - 1))));
    M whole = OR(large, EQ(shifted - SPLAT(ROUNDER), b));
    V parity = SEL(large, SPLAT(0), (V)((U)shifted << (8 * sizeof(REAL) - 1))); /* its sign bit says odd */
    V negative = SEL(whole, (V)((U)size ^ ((U)parity & SIGN_BIT)), SPLAT(__builtin_nan("")));
    return SEL(OR(EQ(b, SPLAT(0)), EQ(a, SPLAT(1))), SPLAT(1), SEL(LT(a, SPLAT(0)), negative, size));
}

INLINE V polynomial(const REAL *c, int n, V x) {
    V p = SPLAT(c[n - 1]);
    for (int i = n - 2; i >= 0; i--) p = p * x + SPLAT(c[i]);
    return p;
}

/* (1 + 2x) exp(x²) erfc(x) for x ≥ 0, in t = (x − 3.75) / (x + 3.75). */
static const REAL ERFCX[] = {
    0x1.3ccda0b5d5dbep+0, -0x1.1f367683f83f2p-3, 0x1.d5f294820b8a0p-9, 0x1.510169d061642p-4,
    -0x1.bda9309b0706ap-4, 0x1.7a14188f21d81p-4, -0x1.e0d0fa528caf9p-5, 0x1.d0b002c7c6cd7p-6,
    -0x1.3f603fb16ebc2p-7, 0x1.cc3a4d2de874ep-10, 0x1.33fd394e0758fp-12, -0x1.3042eaab0b402p-12,
    0x1.b1126fc7e397dp-15, 0x1.77fa23f5efe3fp-16, -0x1.7e8544da5ff16p-17, -0x1.0eaa80028c152p-20,
    0x1.c75471e6da09cp-20, -0x1.dd0d9314cb9e4p-26, -0x1.cc7842a12a43ep-23, 0x1.2519d39daa49ap-27,
    0x1.2df445d8ecc35p-26,
};

INLINE V positive_erfc(V x) {
    x = MINC(x, SPLAT(30));
    V t = (x - SPLAT(3.75)) / (x + SPLAT(3.75));
    V p = polynomial(ERFCX, sizeof(ERFCX) / sizeof(REAL), t);
    return exp_v(-x * x) * p / (SPLAT(1) + SPLAT(2) * x);
}

APART V erfc_v(V x) {
    V y = positive_erfc(abs_v(x));
    return SEL(LT(x, SPLAT(0)), SPLAT(2) - y, y);
}

/* Maclaurin series of erf(x) / x in x², for |x| ≤ 1: the factorials make 18 terms enough. */
APART V erf_v(V x) {
    static const REAL series[] = {
        0x1.20dd750429b6dp+0, -0x1.812746b0379e7p-2, 0x1.ce2f21a042be2p-4,
        -0x1.b82ce31288b51p-6, 0x1.565bcd0e6a53fp-8, -0x1.c02db40040b85p-11,
        0x1.f9a326f9b89b7p-14, -0x1.f4d25c3e0c2ebp-17, 0x1.b9e6c9dc651a2p-20,
        -0x1.5f742ec43e71ap-23, 0x1.fcc5720624c1cp-27, -0x1.51d7181c5d36cp-30,
        0x1.9e6ad5e55a730p-34, -0x1.d8453cb0c46eap-38, 0x1.f683ae4a97007p-42,
        -0x1.f56f071a885cep-46, 0x1.d70b3537f4765p-50, -0x1.a2007af3447f6p-54,
    };
    V near = polynomial(series, sizeof(series) / sizeof(REAL), MINC(x * x, SPLAT(1))) * x;
    V far = signed_as(SPLAT(1) - positive_erfc(abs_v(x)), x);
    return SEL(LT(abs_v(x), SPLAT(1)), near, SEL(NE(x, x), x, far));
}

/* erf_inv(y) / y in w = −ln(1 − y²): below 6.25 in (w − 3.125) / 3.125; then in √w, centred, to 4 and beyond. */
static const REAL ERF_INV_NEAR[] = {
    0x1.a755e7c99b05ap+0, 0x1.8040caa127668p-1, -0x1.e2b194562c5bcp-5, -0x1.7259eca558d46p-6,
    0x1.23c5aec8f01cap-6, -0x1.0f249d592a79ep-8, -0x1.4d5dbb0b40b41p-10, 0x1.43169cb80aa67p-10,
    -0x1.153f0b33ac217p-12, -0x1.ea3c0ad1a04e2p-14, 0x1.87c05291190aap-14, -0x1.f920a9e4fe142p-17,
    -0x1.7c4375e7f9d03p-17, 0x1.e23ad5d32a842p-18, -0x1.36cdcc018fef5p-21, -0x1.30acb0951e0fep-20,
    0x1.e628c8b62f192p-22, 0x1.d416466253a62p-25, -0x1.061fde2b5d1f4p-24, 0x1.b4b58aba31359p-28,
};
static const REAL ERF_INV_MIDDLE[] = {
    0x1.8abcc380d5a4cp+1, 0x1.8204fa4162569p-1, 0x1.8bfc9e26bc8fep-9, -0x1.9eda88bd9d331p-10,
    0x1.9d4ce38f0501ap-11, -0x1.a418dc2c1b046p-12, 0x1.63d03621d26f3p-13, -0x1.8d8b784e056ccp-15,
    0x1.42e983eb9ec04p-19, 0x1.57e8a31936a74p-18, -0x1.65a9c9b2a51ccp-19, 0x1.1d6a2aaa4df19p-21,
    0x1.8e9b647c96e07p-24, -0x1.af676e56613d8p-24, 0x1.c921cf235eb23p-26, 0x1.b064f80661277p-29,
    -0x1.7121fdee8e57cp-29,
};
static const REAL ERF_INV_FAR[] = {
    0x1.3cdc1ddba66c0p+2, 0x1.1c7db66841e91p+0, -0x1.f89d774aa8932p-13, -0x1.044ec957ed4b4p-12,
    0x1.9a36133e587d7p-14, -0x1.cfbb813f2aceap-16, 0x1.ce773e6b4f134p-18, -0x1.b2b6a0d5bb852p-20,
    0x1.9c38ecb55ff85p-22, -0x1.cd4cfa16c50c8p-24, 0x1.72be2f501206ap-25, -0x1.876e2b7a7ada2p-26,
    0x1.be5f4cc9d86bcp-27, -0x1.017ea5a77e25dp-27, 0x1.eac4d48fced81p-29, -0x1.0ed3d8c209c62p-30,
    0x1.92420311d4829p-34,
};

/* The inverse of erf at y, where gap is 1 − y². */
APART V erf_inv_v(V y, V gap) {
    V w = -log_v(gap);
    V root = sqrt_v(w);
    V near = polynomial(ERF_INV_NEAR, sizeof(ERF_INV_NEAR) / sizeof(REAL), (w - SPLAT(3.125)) / SPLAT(3.125));
    V middle = polynomial(ERF_INV_MIDDLE, sizeof(ERF_INV_MIDDLE) / sizeof(REAL), (root - SPLAT(3.25)) / SPLAT(0.75));
    V far = polynomial(ERF_INV_FAR, sizeof(ERF_INV_FAR) / sizeof(REAL), (root - SPLAT(5.1)) / SPLAT(1.1));
    V result = y * SEL(LT(w, SPLAT(6.25)), near, SEL(LT(root, SPLAT(4)), middle, far));
    M edge = EQ(abs_v(y), SPLAT(1));
    return SEL(edge, signed_as(SPLAT(__builtin_inf()), y), SEL(NE(w, w), w, result));
}
