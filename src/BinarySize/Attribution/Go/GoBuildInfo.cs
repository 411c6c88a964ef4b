using System.Text;
using BinarySize.IO;

namespace BinarySize.Attribution.Go;

/// <summary>
/// The build information in a Go program: compiler version, main package, and the modules that it is made of. The format
/// is that of Go's debug/buildinfo: a header of 32 bytes, <c>\xff Go buildinf:</c>, then the two strings.
/// </summary>
public sealed class GoBuildInfo
{
    private static readonly byte[] s_magic = [0xFF, .. " Go buildinf:"u8];

    private const int MaxString = 1 << 20;

    /// <summary>A module and its version.</summary>
    public readonly record struct Module(string Path, string Version);

    /// <summary>The compiler's version, e.g. <c>go1.23.8</c>.</summary>
    public string GoVersion { get; private init; } = "";

    /// <summary>Import path of the main package; empty where it is not known.</summary>
    public string MainPackage { get; private init; } = "";

    /// <summary>The main module; empty where it was built from files outside of one.</summary>
    public Module Main { get; private init; }

    /// <summary>Modules that the program depends on, replacements under the path that they replace.</summary>
    public IReadOnlyList<Module> Dependencies { get; private init; } = [];

    /// <summary>Offset of the blob in the image's bytes.</summary>
    public long Offset { get; private init; }

    /// <summary>Bytes of the blob, strings included where they follow it.</summary>
    public long Length { get; private init; }

    /// <summary>Finds and reads the build information; null where there is none.</summary>
    public static GoBuildInfo? Find(GoImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        // It has a section of its own, or starts the data section; else it is looked for.
        foreach (GoImage.Area area in image.Areas)
        {
            if (area.Name is ".go.buildinfo" or "__go_buildinfo" && Search(image, area) is { } info) return info;
        }
        foreach (GoImage.Area area in image.Areas)
        {
            if (!area.IsCode && area.Name is not (".go.buildinfo" or "__go_buildinfo") && Search(image, area) is { } info) return info;
        }
        return null;
    }

    private static GoBuildInfo? Search(GoImage image, GoImage.Area area)
    {
        ByteView bytes = image.Bytes.Slice(area.Offset, area.Length);
        long at = -1;
        // Programs that look for the magic have it among their strings: only the real one is aligned and reads well.
        for (int tries = 0; tries < 16 && (at = bytes.IndexOf(s_magic, at + 1)) >= 0; tries++)
        {
            if (at % 16 != 0) continue;
            try
            {
                if (Read(image, area, at) is { } info) return info;
            }
            catch (BadFormatException)
            {
                // Not the real one.
            }
        }
        return null;
    }

    private static GoBuildInfo? Read(GoImage image, GoImage.Area area, long at)
    {
        ByteView bytes = image.Bytes.Slice(area.Offset, area.Length);
        byte pointerSize = bytes.U8(at + 14), flags = bytes.U8(at + 15);
        string version, modules;
        long end = at + 32;
        if ((flags & 2) != 0)
        {
            var cursor = new ByteCursor(bytes, at + 32);
            version = Text(ref cursor);
            modules = Text(ref cursor);
            end = cursor.Position;
        }
        else
        {
            if (pointerSize is not (4 or 8)) return null;
            bool big = (flags & 1) != 0;
            version = Pointed(image, bytes, at + 16, pointerSize, big);
            modules = Pointed(image, bytes, at + 16 + pointerSize, pointerSize, big);
        }
        if (!version.StartsWith("go", StringComparison.Ordinal) && !version.StartsWith("devel", StringComparison.Ordinal)) return null;
        return Parse(version, modules, area.Offset + at, end - at);
    }

    private static string Text(ref ByteCursor cursor)
    {
        ulong length = cursor.Uleb128();
        if (length > MaxString) throw new BadFormatException($"a string of {length} bytes in the build information is too long");
        return Encoding.Latin1.GetString(cursor.Bytes((int)length));
    }

    // A pointer to a string header: address and length.
    private static string Pointed(GoImage image, ByteView bytes, long at, int pointerSize, bool big)
    {
        ulong header = pointerSize == 8 ? bytes.U64(at, big) : bytes.U32(at, big);
        if (!image.TryGetOffset(header, out long offset)) return "";
        ulong data = pointerSize == 8 ? image.Bytes.U64(offset, big) : image.Bytes.U32(offset, big);
        ulong length = pointerSize == 8 ? image.Bytes.U64(offset + 8, big) : image.Bytes.U32(offset + 4, big);
        if (length > MaxString || !image.TryGetOffset(data, out long text)) return "";
        return Encoding.Latin1.GetString(image.Bytes.Span(text, (int)length));
    }

    private static GoBuildInfo Parse(string version, string modules, long offset, long length)
    {
        // The list stands between two marks of 16 bytes, which debuggers look for.
        if (modules.Length >= 33 && modules[^17] == '\n') modules = modules[16..^16];
        modules = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(modules));
        string path = "";
        Module main = default;
        var dependencies = new List<Module>();
        foreach (string line in modules.Split('\n'))
        {
            string[] words = line.Split('\t');
            string version0 = words.Length > 2 ? words[2] : "";
            switch (words[0])
            {
                case "path" when words.Length > 1:
                    path = words[1];
                    break;
                case "mod" when words.Length > 1:
                    main = new Module(words[1], version0);
                    break;
                case "dep" when words.Length > 1 && words[1].Length > 0:
                    dependencies.Add(new Module(words[1], version0));
                    break;
                case "=>" when words.Length > 1 && dependencies.Count > 0:
                    dependencies[^1] = dependencies[^1] with { Version = version0 };
                    break;
            }
        }
        return new GoBuildInfo { GoVersion = version, MainPackage = path, Main = main, Dependencies = dependencies, Offset = offset, Length = length };
    }
}
