using BinarySize.Baselines;

namespace BinarySize.Tests.Baselines;

public class MadeUpNamesTests
{
    [Theory]
    // Rust: legacy hash, v0 disambiguators.
    [InlineData("symbol", "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "_ZN4core3fmt5Write9write_fmt17hfedcba9876543210E")]
    [InlineData("symbol", "_RNvCs1234_7mycrate4main", "_RNvCsaBcD9_7mycrate4main")]
    // C#: closures, lambdas, local functions, anonymous types, cached delegates.
    [InlineData("type", "Query+<>c__DisplayClass0_0", "Query+<>c__DisplayClass12_3")]
    [InlineData("member", "<Run>b__3_1", "<Run>b__4_0")]
    [InlineData("member", "<Run>g__Local|3_1", "<Run>g__Local|5_0")]
    [InlineData("type", "<>f__AnonymousType0`2", "<>f__AnonymousType7`2")]
    [InlineData("member", "<>9__1_0", "<>9__2_0")]
    // GCC and LLVM.
    [InlineData("symbol", "f.isra.0", "f.isra.12")]
    [InlineData("symbol", "x.llvm.1234567890", "x.llvm.99")]
    [InlineData("symbol", "counter.1234", "counter.77")]
    // Go.
    [InlineData("symbol", "main.run.func1", "main.run.func2")]
    // Web assets and versions.
    [InlineData("file", "wwwroot/app.3f2a9c.js", "wwwroot/app.00ff19.js")]
    [InlineData("file", "_framework/dotnet.native.5nhp1wfg9b.wasm", "_framework/dotnet.native.8abc2defg1.wasm")]
    [InlineData("file", "index-BkJQ3h8C.js", "index-Dx81mPqR.js")]
    [InlineData("file", "libz.so.1.3", "libz.so.1.3.1")]
    [InlineData("package", "golang.org/x/net@v0.1.0", "golang.org/x/net@v0.23.0")]
    public void Names_that_differ_only_in_what_is_made_up(string kind, string a, string b) =>
        Assert.Equal(MadeUpNames.Normalize(a, kind, out _), MadeUpNames.Normalize(b, kind, out _));

    [Theory]
    [InlineData("member", "Run1", "Run2")]
    [InlineData("type", "Vector128`1", "Vector256`1")]
    [InlineData("symbol", "sha256_block", "sha512_block")]
    [InlineData("symbol", "memcpy_avx512", "memcpy_avx2")]
    [InlineData("file", "System.Text.Json.dll", "System.Text.RegularExpressions.dll")]
    [InlineData("file", "a.min.js", "b.min.js")]
    [InlineData("assembly", "Microsoft.Extensions.Http2", "Microsoft.Extensions.Http3")]
    [InlineData("member", "<Run>b__3_1", "<Other>b__3_1")]
    [InlineData("symbol", "_RNvCs1234_7mycrate4main", "_RNvCs1234_7mycrate4init")]
    public void Names_that_mean_different_things(string kind, string a, string b) =>
        Assert.NotEqual(MadeUpNames.Normalize(a, kind, out _), MadeUpNames.Normalize(b, kind, out _));

    [Fact]
    public void Suffixes_of_compilers_come_off()
    {
        Assert.Equal("f", MadeUpNames.WithoutSuffixes(MadeUpNames.Normalize("f.constprop.0.isra.3", "symbol", out _)));
        Assert.Equal("f", MadeUpNames.WithoutSuffixes("f.cold"));
        Assert.Equal("f.c", MadeUpNames.WithoutSuffixes("f.c"));
    }

    [Fact]
    public void Any_text_is_a_name()
    {
        var random = new Random(5);
        string[] pieces = ["_R", "Cs", "__", "17h", "0123456789abcdef", "func_", ".", "|", "9", "s_", "DisplayClass", "\ud800", "-", "/", "@v1.2", "<", "_ZN", "::", "(", "E"];
        for (int i = 0; i < 20_000; i++)
        {
            string name = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
            foreach (string kind in (string[])["symbol", "member", "file", "package", "type"])
            {
                string normal = MadeUpNames.Normalize(name, kind, out _);
                Assert.Equal(normal, MadeUpNames.Normalize(name, kind, out _));
                SimpleNames.Of(normal, kind);
            }
        }
    }
}
