using System.Runtime.CompilerServices;

namespace BinarySize.IO;

/// <summary>Proportions of sizes, without loss where a product is larger than 64 bits.</summary>
internal static class Proportion
{
    /// <summary><paramref name="value"/> × <paramref name="factor"/> ÷ <paramref name="divisor"/>, rounded towards zero; none of them is negative.</summary>
    public static long Of(long value, long factor, long divisor) => (value | factor) >> 31 == 0 ? value * factor / divisor : Wide(value, factor, divisor);

    // By itself: code with 128-bit integers is never compiled ahead of time.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Wide(long value, long factor, long divisor) => (long)((Int128)value * factor / divisor);
}
