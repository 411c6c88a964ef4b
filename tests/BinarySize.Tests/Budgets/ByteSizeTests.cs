using BinarySize.Budgets;

namespace BinarySize.Tests.Budgets;

public class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0), InlineData("5242880", 5242880), InlineData("12 B", 12), InlineData("500 kB", 500_000), InlineData("500KB", 500_000)]
    [InlineData("5 MB", 5_000_000), InlineData("1.5GB", 1_500_000_000), InlineData("512 KiB", 524_288), InlineData("5 MiB", 5_242_880), InlineData("5MiB", 5_242_880)]
    [InlineData("1.27 MiB", 1_331_691), InlineData("2 GiB", 2_147_483_648), InlineData("  5  MiB ", 5_242_880), InlineData("0.1 KiB", 102), InlineData("9223372036854775807", long.MaxValue)]
    public void Sizes_are_read(string text, long expected)
    {
        Assert.True(ByteSize.TryParse(text, out long bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData(""), InlineData(null), InlineData(" "), InlineData("MiB"), InlineData("-1"), InlineData("+1"), InlineData("1,5 MB"), InlineData("1.5"), InlineData("5 Mib")]
    [InlineData("5 mb"), InlineData("5 K"), InlineData("5 M"), InlineData("5 TB"), InlineData("0x10"), InlineData("1e6"), InlineData(".5 MB"), InlineData("5. MB"), InlineData("5 MB x")]
    [InlineData("1 000 B"), InlineData("1.2.3 MB"), InlineData("NaN"), InlineData("∞"), InlineData("٥ MB"), InlineData("9223372036854775808"), InlineData("9999999999 GiB")]
    [InlineData("99999999999999999999999999999999999999999 B"), InlineData("10%")]
    public void Anything_else_is_refused(string? text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0 B"), InlineData(1023, "1023 B"), InlineData(1024, "1.0 KiB"), InlineData(493_875, "482.3 KiB"), InlineData(1_048_575, "1.00 MiB")]
    [InlineData(1_331_691, "1.27 MiB"), InlineData(5_242_880, "5.00 MiB"), InlineData(1_610_612_736, "1.50 GiB"), InlineData(-2048, "-2.0 KiB")]
    public void Sizes_are_shown(long bytes, string expected) => Assert.Equal(expected, ByteSize.Format(bytes));

    [Fact]
    public void Exact_sizes_have_their_thousands_separated() => Assert.Equal("5,736,755 B", ByteSize.Exact(5736755));
}
