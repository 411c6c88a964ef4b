namespace BinarySize.Tests;

/// <summary>Holds documents against the published schemas; python3-jsonschema is the judge.</summary>
internal static class JsonSchema
{
    // One line a document goes out: "ok" or what is wrong.
    private const string Validator = """
        import json, sys
        from jsonschema import Draft202012Validator
        sys.setrecursionlimit(100000)
        schema = json.load(open(sys.argv[1]))
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        for path in sys.argv[2:]:
            error = next(validator.iter_errors(json.load(open(path))), None)
            print("ok" if error is None else error.json_path + ": " + error.message[:300].replace("\n", " "))
        """;

    /// <summary>"ok" or what is wrong, a line for each document, by a schema of docs/schema.</summary>
    public static string[] Validate(string schema, IReadOnlyList<byte[]> documents)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("bsz");
        try
        {
            for (int i = 0; i < documents.Count; i++) File.WriteAllBytes(Path.Combine(folder.FullName, $"{i}.json"), documents[i]);
            return Tool.Run("python3", ["-c", Validator, Path.Combine(Samples.Root, "docs", "schema", schema), .. documents.Select((_, i) => Path.Combine(folder.FullName, $"{i}.json"))])
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
