using BinarySize.Shrinking;

namespace BinarySize.Tests.Shrinking;

public class UpxToolTests
{
    [Fact]
    public void The_installed_one_is_found()
    {
        UpxLookup lookup = UpxTool.Find(cancel: TestContext.Current.CancellationToken);
        Assert.Null(lookup.Code);
        string version = Tool.Run("upx", "--version").Split('\n')[0];
        Assert.Equal(version, "upx " + lookup.Tool!.VersionText);
        Assert.Equal("UPX " + version[4..], lookup.Tool.Name);
    }

    [Theory]
    [InlineData("upx 5.0.1", "5.0.1"), InlineData("upx 4.2.2-git-099c3d829e80+", "4.2.2"), InlineData("upx 4.1", "4.1.0"), InlineData("\\nupx 5.1.0-devel.20250101\\nUCL data compression library 1.03", "5.1.0")]
    public void Versions_are_read(string said, string expected)
    {
        using var scratch = new Scratch();
        UpxLookup lookup = UpxTool.Find(scratch.Script("upx", $"printf '{said}\\n'"), cancel: TestContext.Current.CancellationToken);
        Assert.Equal(expected, lookup.Tool!.Version.ToString());
    }

    [Theory]
    [InlineData("echo 'upx 3.96'", "3.96"), InlineData("echo 'upx 3.99.99'", "oldest"), InlineData("echo hello", "'hello'"), InlineData("true", "nothing"),
        InlineData("echo 'upx 4.2.2; rm -rf'", "does not say"), InlineData("echo no such option >&2; exit 3", "exit code 3: no such option"), InlineData("head -c 100000 /dev/urandom", "does not say"),
        InlineData("yes upx", "does not say"), InlineData("kill -9 $$", "exit code 137")]
    public void An_old_one_or_another_program_is_told(string body, string expected)
    {
        using var scratch = new Scratch();
        string script = scratch.Script("upx", body == "yes upx" ? "yes upx | head -c 30000000" : body);
        UpxLookup lookup = UpxTool.Find(script, cancel: TestContext.Current.CancellationToken);
        Assert.Null(lookup.Tool);
        Assert.Equal("BSZ5004", lookup.Code);
        Assert.Contains(expected, lookup.Reason, StringComparison.Ordinal);
        Assert.Contains(script, lookup.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_one_comes_with_the_command_that_installs_it()
    {
        UpxLookup lookup = UpxTool.Find(searchPath: "/nowhere", cancel: TestContext.Current.CancellationToken);
        Assert.Equal("BSZ5001", lookup.Code);
        Assert.Contains(UpxTool.InstallCommand(), lookup.Reason, StringComparison.Ordinal);
        lookup = UpxTool.Find("/nowhere/upx", cancel: TestContext.Current.CancellationToken);
        Assert.Equal("BSZ5001", lookup.Code);
        Assert.Contains("'/nowhere/upx'", lookup.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ID=debian", "apt-get install upx-ucl"), InlineData("NAME=x\nID=linuxmint\nID_LIKE=\"ubuntu debian\"", "apt-get install upx-ucl"), InlineData("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"", "dnf install upx"),
        InlineData("ID=alpine", "apk add upx"), InlineData("ID=arch", "pacman -S upx"), InlineData("ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"", "zypper install upx"), InlineData("ID=nixos", "https://github.com/upx/upx/releases"), InlineData("", "https://github.com/upx/upx/releases")]
    public void Each_system_has_its_command(string release, string expected) => Assert.Equal(expected, UpxTool.InstallCommand(release));
}
